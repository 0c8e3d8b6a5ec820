package org.wubbo.interop;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code --name value} pairs; a name that the program does not know ends the process with status 2. */
final class Flags {
    private final Map<String, String> values = new HashMap<>();

    Flags(String[] args, String... known) {
        for (int i = 0; i < args.length; i += 2) {
            if (!List.of(known).contains(args[i]) || i + 1 == args.length) {
                System.err.println("unknown flag or missing value: " + args[i] + "; known: " + String.join(" ", known));
                System.exit(2);
            }
            values.put(args[i], args[i + 1]);
        }
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    String require(String name) {
        String value = values.get(name);
        if (value == null) {
            System.err.println("missing flag " + name);
            System.exit(2);
        }
        return value;
    }
}
