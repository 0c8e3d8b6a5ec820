package org.wubbo.interop;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Collection;
import java.util.Comparator;
import java.util.Date;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * A Java value as JSON that keeps its class, exact bits and sharing, and is the same in every run. The forms are listed
 * in README.md; the Rust side writes the same ones.
 */
final class Canonical {
    /** Containers on the way and before it, by identity, with the path at which each was met first. */
    private final Map<Object, String> seen = new IdentityHashMap<>();

    private Canonical() {}

    static Object of(Object value) {
        return new Canonical().visit(value, "$");
    }

    private Object visit(Object value, String path) {
        if (value == null || value instanceof Boolean || value instanceof String) {
            return value;
        }
        Object scalar = scalar(value);
        if (scalar != null) {
            return scalar;
        }
        String first = seen.putIfAbsent(value, path);
        if (first != null) {
            return Map.of("$ref", first);
        }
        if (value.getClass().isArray()) {
            return array(value, path);
        }
        if (value instanceof Collection<?> items) {
            return collection(items, path);
        }
        if (value instanceof Map<?, ?> map) {
            return map(map, path);
        }
        if (value instanceof Throwable throwable) {
            return throwable(throwable, path);
        }
        if (value.getClass().getName().startsWith("org.wubbo.")) {
            return object(value, path);
        }
        seen.remove(value);
        return pair("text", name(value), "value", value.toString());
    }

    private static Object scalar(Object value) {
        if (value instanceof Byte) {
            return Map.of("byte", value);
        } else if (value instanceof Short) {
            return Map.of("short", value);
        } else if (value instanceof Integer) {
            return Map.of("int", value);
        } else if (value instanceof Long) {
            return Map.of("long", value);
        } else if (value instanceof Float number) {
            return Map.of("float", String.format("%08x", Float.floatToRawIntBits(number)));
        } else if (value instanceof Double number) {
            return Map.of("double", String.format("%016x", Double.doubleToRawLongBits(number)));
        } else if (value instanceof Character) {
            return Map.of("char", value.toString());
        } else if (value instanceof byte[] bytes) {
            return Map.of("bytes", HexFormat.of().formatHex(bytes));
        } else if (value instanceof Enum<?> constant) {
            return pair("enum", constant.getDeclaringClass().getName(), "name", constant.name());
        } else if (value instanceof Class<?> type) {
            return pair("text", "java.lang.Class", "value", type.getName());
        } else if (value instanceof Calendar calendar) {
            return pair("class", name(value), "date", calendar.getTimeInMillis());
        } else if (value instanceof Date date) {
            return value.getClass() == Date.class
                    ? Map.of("date", date.getTime())
                    : pair("class", name(value), "date", date.getTime());
        }
        return null;
    }

    private Object array(Object value, String path) {
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < Array.getLength(value); i++) {
            items.add(visit(Array.get(value, i), path + "[" + i + "]"));
        }
        return pair("array", value.getClass().getTypeName(), "items", items);
    }

    private Object collection(Collection<?> value, String path) {
        List<Object> elements = new ArrayList<>(value);
        boolean set = value instanceof Set;
        if (set && !(value instanceof SortedSet) && !(value instanceof LinkedHashSet)) {
            elements.sort(Comparator.comparing(Canonical::key));
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < elements.size(); i++) {
            items.add(visit(elements.get(i), path + "[" + i + "]"));
        }
        return pair(set ? "set" : "list", name(value), "items", items);
    }

    private Object map(Map<?, ?> value, String path) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(value.entrySet());
        entries.sort(Comparator.comparing(entry -> key(entry.getKey())));
        List<Object> pairs = new ArrayList<>();
        for (Map.Entry<?, ?> entry : entries) {
            String key = key(entry.getKey());
            Object item = visit(entry.getValue(), path + "{" + key + "}");
            pairs.add(Arrays.asList(of(entry.getKey()), item));
        }
        return pair("map", name(value), "entries", pairs);
    }

    /** Message, cause and stack are what travels; a cause that is the throwable itself means none. */
    private Object throwable(Throwable value, String path) {
        Map<String, Object> out = new TreeMap<>();
        out.put("throwable", name(value));
        out.put("message", value.getMessage());
        out.put("cause", visit(value.getCause(), path + ".cause"));
        List<Object> stack = new ArrayList<>();
        for (StackTraceElement frame : value.getStackTrace()) {
            stack.add(frame.getClassName() + "." + frame.getMethodName() + ":" + frame.getLineNumber());
        }
        out.put("stack", stack);
        return out;
    }

    private Object object(Object value, String path) {
        Map<String, Field> fields = new TreeMap<>();
        for (Class<?> type = value.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !Modifier.isTransient(field.getModifiers())) {
                    fields.putIfAbsent(field.getName(), field);
                }
            }
        }
        Map<String, Object> out = new TreeMap<>();
        for (Map.Entry<String, Field> field : fields.entrySet()) {
            try {
                field.getValue().setAccessible(true);
                out.put(field.getKey(), visit(field.getValue().get(value), path + "." + field.getKey()));
            } catch (IllegalAccessException closed) {
                throw new IllegalStateException(closed);
            }
        }
        return pair("object", name(value), "fields", out);
    }

    private static String key(Object value) {
        return Json.write(of(value));
    }

    private static String name(Object value) {
        return value.getClass().getName();
    }

    private static Map<String, Object> pair(String key, Object value, String other, Object rest) {
        Map<String, Object> map = new TreeMap<>();
        map.put(key, value);
        map.put(other, rest);
        return map;
    }
}
