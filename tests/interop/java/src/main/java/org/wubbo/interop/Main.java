package org.wubbo.interop;

import java.util.Arrays;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The one entry of the jar: {@code provider}, {@code consumer}, {@code caller}, {@code load}, {@code steady}, {@code golden} or {@code bench}, then that program's flags. */
public final class Main {
    /** Kept so that the level is not lost with a collected logger. */
    private static final Logger ROOT = Logger.getLogger("");

    private Main() {}

    public static void main(String[] args) {
        try {
            start(args);
        } catch (Throwable failure) {
            // Dubbo's threads would keep a process alive whose start has failed, for example on a port in use.
            failure.printStackTrace();
            System.exit(1);
        }
    }

    private static void start(String[] args) throws Exception {
        // Standard output carries only what the harness reads; Dubbo's own log goes to standard error.
        ROOT.setLevel(Boolean.getBoolean("verbose") ? Level.INFO : Level.SEVERE);
        String program = args.length == 0 ? "" : args[0];
        String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        switch (program) {
            case "provider" -> Provider.run(new Flags(
                    rest, "--port", "--name", "--version", "--registry-url", "--threads", "--serialization", "--ssl", "--ssl-auth"));
            case "consumer" -> System.exit(Consumer.run(
                    new Flags(rest, "--url", "--cases", "--ids", "--out", "--serialization", "--ssl", "--ssl-auth")));
            case "caller" -> Caller.run(new Flags(rest, "--url", "--tag", "--pause-ms", "--slice-ms"));
            case "load" -> Load.run(new Flags(rest, "--url", "--method", "--callers"));
            case "steady" ->
                Steady.run(new Flags(rest, "--registry-url", "--application", "--rate", "--threads"));
            case "golden" -> Golden.run(new Flags(rest, "--out", "--set"));
            case "bench" -> Bench.run();
            default -> {
                System.err.println("usage: java -jar wubbo-java-peer.jar provider|consumer|caller|load|steady|golden|bench [--flag value]...");
                System.exit(2);
            }
        }
    }
}
