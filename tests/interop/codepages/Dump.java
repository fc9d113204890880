import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;

/** Prints what each byte and byte pair means in a charset of the JDK: one line each, both as hexadecimal numbers. */
public final class Dump {
    public static void main(String[] arguments) {
        Charset charset = Charset.forName(arguments[0]);
        StringBuilder lines = new StringBuilder();
        for (int number = 0; number < 256; number++) {
            if (number != 0x0E && number != 0x0F) {
                tell(charset, number, new byte[] {(byte) number}, lines);
            }
        }
        for (int ward = 0x40; ward < 0xFF; ward++) {
            for (int point = 0x40; point < 0xFF; point++) {
                tell(charset, ward << 8 | point, new byte[] {0x0E, (byte) ward, (byte) point, 0x0F}, lines);
            }
        }
        System.out.print(lines);
    }

    private static void tell(Charset charset, int number, byte[] data, StringBuilder lines) {
        try {
            String text = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(data))
                .toString();
            if (text.length() == 1) {
                lines.append(String.format("%x %x%n", number, (int) text.charAt(0)));
            }
        } catch (CharacterCodingException refused) {
            // no character
        }
    }
}
