"""Key stores and trust stores of the installation, each made anew once: PKCS#12 for keys, PEM for trust."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cryptography import x509

from gateway.config.model import KeyStore, TrustStore
from gateway.exchange import Secret
from gateway.migrate.draft import SecretKeeper, unit_name
from gateway.migrate.files import Source
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.locate import is_key_ring, locate
from gateway.migrate.passwords import Passwords, is_encoded
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.stores import JavaKey, JavaStore, is_java_store, read_java_store
from gateway.tls.stores import KeyMaterial, StoreError, read_keystore, read_truststore
from gateway.tls.write import key_pkcs12, pem

MISSING: Final = "keystores/missing-"
"""How the names of files begin that stand for stores which could not be taken over: no such file is made."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A store as the configuration names it."""

    name: str
    at: Place
    password: str = field(repr=False)
    key_password: str = field(default="", repr=False)
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A store in the new home, or what keeps its place there."""

    store: dict[str, Any]
    """`{ path, password }` for a file of TOML. Where there is a problem it names a file that is not there, so
    that nothing starts as if no store had been asked for."""
    problem: str = ""
    """Why it could not be taken over."""


@dataclass(slots=True)
class KeyRing:
    """Makes the stores of the home; what was made lies in `files` until it is written."""

    source: Source
    passwords: Passwords = field(repr=False)
    keeper: SecretKeeper = field(repr=False)
    findings: Findings = field(repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    """By name relative to the home."""
    used: set[str] = field(default_factory=set)
    """Files of the installation that something names."""
    _made: dict[tuple[str, str, str], Made] = field(default_factory=dict, repr=False)
    """By kind, file and alias."""

    def keystore(self, wanted: Wanted) -> Made:
        """Return a key store."""
        return self._once("key", wanted, self._key_store)

    def truststore(self, wanted: Wanted) -> Made:
        """Return a trust store."""
        return self._once("trust", wanted, self._trust_store)

    def authorities_only(self, made: Made) -> bool:
        """Tell whether a trust store that was made holds authorities and no one else."""
        return all(map(_is_authority, x509.load_pem_x509_certificates(self.files[made.store["path"]])))

    def _once(self, kind: str, wanted: Wanted, make: Callable[[str, Wanted], dict[str, Any]]) -> Made:
        suffix = ".p12" if kind == "key" else ".pem"
        try:
            file = self._file(wanted)
        except RefusedError as error:
            # not by the name as written: where a line end was lost, a password is part of it
            return Made({"path": f"{MISSING}{kind}store{suffix}"}, str(error))
        place = {"path": f"{MISSING}{_stem(file)}{suffix}"}
        self.used.add(file)
        key = (kind, file, wanted.alias.lower())
        if key not in self._made:
            try:
                self._made[key] = Made(make(file, wanted))
            except (StoreError, RefusedError) as error:
                reason = error.reason if isinstance(error, StoreError) else str(error)
                self.findings.damage(Place(file), reason)
                return Made(
                    place, f"store {file} {reason}" if reason.startswith("is ") else f"store {file}: {reason}"
                )
        self.findings.take(wanted.at, str(self._made[key].store["path"]))
        return self._made[key]

    def _file(self, wanted: Wanted) -> str:
        """Return the file that is meant. RefusedError: none, in words that stand by themselves."""
        if is_key_ring(wanted.name):
            text = "export the certificates of the key ring: RACDCERT EXPORT, PKCS12DER for a key, else CERTB64"
            self.findings.ask(Whom.RACF, text, str(wanted.at))
            raise RefusedError(
                f"a key ring of RACF ({wanted.at}) is no file; its certificates must be exported"
            )
        try:
            return locate(wanted.name, wanted.at.file, self.source.files)
        except RefusedError as error:
            self.findings.damage(wanted.at, f"the store that it names {error}")
            raise RefusedError(f"the store named at {wanted.at} {error}") from None

    def _secrets(self, file: str, wanted: Wanted) -> tuple[Secret, Secret]:
        """Return the passwords of store and key: those handed in, or else those of the installation."""
        told = self.passwords.of_store(file)
        texts = ("" if is_encoded(text) else text for text in (wanted.password, wanted.key_password))
        password, key_password = texts
        encoded = is_encoded(wanted.password) and not told.password
        if encoded:
            raise RefusedError("its password is encoded; hand it in by --passwords")
        return told.password or Secret(password), told.key_password or Secret(key_password)

    def _key_store(self, file: str, wanted: Wanted) -> dict[str, Any]:
        data = self.source.read(file)
        path, (password, key_password) = Path(file), self._secrets(file, wanted)
        if is_java_store(data):
            store = read_java_store(path, data, password, key_password)
            self._tell_of(file, store)
            material = self._chosen(file, store, wanted)
        else:
            described = KeyStore.model_construct(path=self.source.folder / file, password=password)
            material = read_keystore(described)
        if not password:
            raise RefusedError("it has no password, and a key store needs one: hand one in by --passwords")
        name = self._name(file, ".p12")
        self.files[name] = key_pkcs12(material, password)
        secret = self.keeper.keep(f"store-{PurePosixPath(name).stem}", password)
        return {"path": name, "password": secret}

    def _trust_store(self, file: str, wanted: Wanted) -> dict[str, Any]:
        data = self.source.read(file)
        password, _ = self._secrets(file, wanted)
        if not is_java_store(data):
            described = TrustStore.model_construct(path=self.source.folder / file, password=password)
            certificates = read_truststore(described)
        else:
            store = read_java_store(Path(file), data, password, Secret(""))
            self._tell_of(file, store)
            if not store.checked:
                self.findings.change(
                    "was read without its password, so nobody checked that it is whole", Place(file)
                )
            certificates = store.trusted
            if not certificates:
                raise RefusedError("holds no trusted certificate" + (", only keys" if store.keys else ""))
        name = self._name(file, ".pem")
        self.files[name] = pem(certificates)
        return {"path": name}

    def _chosen(self, file: str, store: JavaStore, wanted: Wanted) -> KeyMaterial:
        """Return the key that is meant: by its alias, or the first in the order of names."""
        keys = [key for key in store.keys if not wanted.alias or key.alias.lower() == wanted.alias.lower()]
        if not keys:
            raise RefusedError("holds no key by the alias named" if wanted.alias else "holds no private key")
        usable = [(key, key.material) for key in keys if key.material is not None]
        if not usable:
            raise RefusedError(_why_not(keys))
        key, material = usable[0]
        if len(keys) > 1:
            names = ", ".join(one.alias for one in keys)
            text = f"{file} holds several keys ({names}), and no alias says which is meant: {key.alias} here"
            self.findings.contradict(text, wanted.at)
        return material

    def _tell_of(self, file: str, store: JavaStore) -> None:
        for alias in store.others:
            self.findings.change("is a secret key, which nothing here uses: left out", Place(file, 0, alias))
        for alias in store.unreadable:
            self.findings.damage(Place(file, 0, alias), "is a certificate that cannot be read: left out")

    def _name(self, file: str, suffix: str) -> str:
        stem = unit_name(PurePosixPath(file).stem, {PurePosixPath(name).stem: 0 for name in self.files
                                                    if name.endswith(suffix)}, "store")  # fmt: skip
        return f"keystores/{stem}{suffix}"


def _stem(file: str) -> str:
    return unit_name(PurePosixPath(file).stem, {}, "store")


def _why_not(keys: list[JavaKey]) -> str:
    return "; ".join(f"key {key.alias}: {key.reason}" for key in keys)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (x509.ExtensionNotFound, ValueError):
        return False
