package org.wubbo.interop;

import com.alibaba.dubbo.rpc.service.GenericException;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcException;

/** Runs the cases against one direct address and prints a JSON line for each. */
final class Consumer {
    private Consumer() {}

    /** The exit status: 0 when every case ran, whatever its outcome; 1 when no case has the asked-for prefix. */
    static int run(Flags flags) throws Exception {
        String prefix = flags.get("--cases", "");
        String listed = flags.get("--ids", null);
        Set<String> wanted = listed == null ? null : Set.of(listed.split(","));
        String file = flags.get("--out", null);
        DubboBootstrap bootstrap = DubboBootstrap.getInstance();
        bootstrap.application(Setup.application("wubbo-demo-consumer", flags)).start();
        Peer peer = new Peer(flags);
        Set<String> ids = new HashSet<>();
        try (OutputStream target = file == null ? System.out : new FileOutputStream(file);
                PrintStream out = new PrintStream(target, false, StandardCharsets.UTF_8)) {
            for (Cases.Case one : Cases.all()) {
                if (wanted == null ? one.id().startsWith(prefix) : wanted.contains(one.id())) {
                    if (!ids.add(one.id())) {
                        throw new IllegalStateException("case id used twice: " + one.id());
                    }
                    out.println(Json.write(outcome(one, peer)));
                    out.flush();
                }
            }
        }
        return ids.isEmpty() ? 1 : 0;
    }

    private static Map<String, Object> outcome(Cases.Case one, Peer peer) {
        Api.forget();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("case", one.id());
        Map<String, Object> attachments = null;
        try {
            Object value = one.call().run(peer);
            if (value instanceof Cases.Answer answer) {
                attachments = answer.attachments();
                value = answer.valueOrThrow();
            }
            putValue(line, one.id(), value);
        } catch (Throwable failure) {
            putFailure(line, failure);
        }
        if (attachments == null) {
            attachments = Api.responseAttachments();
        }
        line.put("responseAttachments", canonicalMap(attachments));
        return line;
    }

    private static void putValue(Map<String, Object> line, String id, Object value) {
        line.put("value", Canonical.of(value));
        line.put("class", value == null ? null : value.getClass().getTypeName());
        if (id.startsWith("attachments/") && value instanceof Map<?, ?> map) {
            line.put("requestAttachmentsSeen", canonicalMap(map));
        }
    }

    private static void putFailure(Map<String, Object> line, Throwable failure) {
        line.put("exceptionClass", failure.getClass().getName());
        line.put("exceptionMessage", failure.getMessage());
        if (failure instanceof RpcException rpc) {
            line.put("rpcCode", rpc.getCode());
        }
        if (failure instanceof GenericException generic) {
            line.put("genericClass", generic.getExceptionClass());
            line.put("genericMessage", generic.getExceptionMessage());
        }
    }

    private static Map<String, Object> canonicalMap(Map<?, ?> map) {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put(String.valueOf(key), Canonical.of(value)));
        return sorted;
    }
}
