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
 * Writes the bytes that hessian-lite gives for every value of {@link Values}, and what it reads back from them, so that
 * codec vectors do not need a JVM: case id, hex, canonical JSON of the value read back, separated by tabs.
 */
final class Golden {
    private static final SerializerFactory FACTORY = new SerializerFactory();

    private Golden() {}

    static void run(Flags flags) throws IOException {
        try (PrintStream out = new PrintStream(flags.require("--out"), StandardCharsets.UTF_8)) {
            out.print("# case id, bytes of hessian-lite " + Api.HESSIAN_LITE
                    + " in hex, canonical JSON of what hessian-lite reads back\n");
            for (Map.Entry<String, Object> value : Values.all().entrySet()) {
                byte[] bytes = encode(value.getValue());
                String hex = HexFormat.of().formatHex(bytes);
                out.print(value.getKey() + "\t" + hex + "\t" + Json.write(readBack(bytes)) + "\n");
            }
        }
    }

    private static Object readBack(byte[] bytes) {
        try {
            return Canonical.of(decode(bytes));
        } catch (IOException unreadable) {
            return Map.of("unreadable", unreadable.getMessage());
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
