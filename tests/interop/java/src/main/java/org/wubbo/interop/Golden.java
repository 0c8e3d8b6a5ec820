package org.wubbo.interop;

import com.alibaba.com.caucho.hessian.io.Hessian2Input;
import com.alibaba.com.caucho.hessian.io.Hessian2Output;
import com.alibaba.com.caucho.hessian.io.SerializerFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;

/**
 * Writes the bytes that hessian-lite gives for every value of {@link Values} or {@link Rows}, and what it reads back from them, so that
 * codec vectors do not need a JVM: case id, hex, canonical JSON of the value read back, separated by tabs.
 */
final class Golden {
    private static final SerializerFactory FACTORY = new SerializerFactory();

    private static final int RUN = 64;

    private Golden() {}

    static void run(Flags flags) throws IOException {
        Map<String, Object> values = flags.get("--set", "cases").equals("rows") ? Rows.all() : Values.all();
        try (PrintStream out = new PrintStream(flags.require("--out"), StandardCharsets.UTF_8)) {
            out.print("# case id, bytes of hessian-lite " + Api.HESSIAN_LITE
                    + " in hex, canonical JSON of what hessian-lite reads back\n");
            for (Map.Entry<String, Object> value : values.entrySet()) {
                byte[] bytes = encode(value.getValue());
                String hex = HexFormat.of().formatHex(bytes);
                out.print(value.getKey() + "\t" + runs(hex) + "\t" + runs(Json.write(readBack(bytes))) + "\n");
            }
        }
    }

    /** The text with each run of 64 equal characters or more as the character and its count: {@code <7*65536>}, in angle quotes. */
    private static String runs(String text) {
        StringBuilder out = new StringBuilder();
        for (int start = 0, end; start < text.length(); start = end) {
            char repeated = text.charAt(start);
            end = start + 1;
            while (end < text.length() && text.charAt(end) == repeated) {
                end++;
            }
            if (end - start >= RUN) {
                out.append('\u2039').append(repeated).append('*').append(end - start).append('\u203a');
            } else {
                out.append(text, start, end);
            }
        }
        return out.toString();
    }

    private static Object readBack(byte[] bytes) {
        try {
            return Canonical.of(decode(bytes));
        } catch (IOException | RuntimeException unreadable) {
            return Map.of("unreadable", String.valueOf(unreadable.getMessage()));
        }
    }

    private static byte[] encode(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Hessian2Output out = new Hessian2Output(bytes);
        out.setSerializerFactory(FACTORY);
        out.writeObject(value);
        out.flush();
        return bytes.toByteArray();
    }

    private static Object decode(byte[] bytes) throws IOException {
        Hessian2Input in = new Hessian2Input(new ByteArrayInputStream(bytes));
        in.setSerializerFactory(FACTORY);
        return in.readObject();
    }
}
