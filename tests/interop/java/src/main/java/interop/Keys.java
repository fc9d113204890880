package interop;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Collections;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.json.JSONObject;

/** A PKCS#12 file, as a job names it: `{path, password}`; with a private key in it there is one. */
record Keys(KeyStore store, String password) {

    static Keys of(JSONObject named) throws Exception {
        String password = named.getString("password");
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(named.getString("path")))) {
            store.load(file, password.toCharArray());
        }
        return new Keys(store, password);
    }

    String alias() throws Exception {
        for (String alias : Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                return alias;
            }
        }
        throw new IllegalArgumentException("no private key in the keystore");
    }

    Crypto crypto() {
        Merlin crypto = new Merlin();
        crypto.setKeyStore(store);
        return crypto;
    }

    Crypto trusting() {
        Merlin crypto = new Merlin();
        crypto.setTrustStore(store);
        return crypto;
    }
}
