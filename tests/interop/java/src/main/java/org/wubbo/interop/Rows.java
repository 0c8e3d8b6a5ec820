package org.wubbo.interop;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Collections;
import java.util.Date;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.wubbo.demo.DemoException;
import org.wubbo.demo.Sex;
import org.wubbo.interop.types.Animal;
import org.wubbo.interop.types.Dog;
import org.wubbo.interop.types.Node;
import org.wubbo.interop.types.Replaced;

/**
 * Values by the row of Hessian's type mapping that they belong to, several of each: {@link Golden} encodes them for the
 * codec's vectors. The types of {@code java.time} are in {@link Times}. As in {@link Values}, nothing may depend on
 * identity hashes, the clock or the default zone; and what is long is made of one character, so that the file stays small.
 */
final class Rows {
    private static final long TIME_MS = EchoServiceImpl.USER_TIME_MS;

    private final Map<String, Object> all = new LinkedHashMap<>();

    /** Numbers that look like any, the same in each run. */
    private long random = 20200531;

    private Rows() {}

    static Map<String, Object> all() {
        Rows rows = new Rows();
        rows.numbers();
        rows.texts();
        rows.binaries();
        rows.dates();
        rows.primitiveArrays();
        rows.objectArrays();
        rows.collections();
        rows.maps();
        rows.objects();
        rows.jdkTypes();
        rows.streams();
        Times.put((row, value) -> rows.put(row, value));
        return rows.all;
    }

    /** The id is the row and a number. */
    private void put(String row, Object... values) {
        for (Object value : values) {
            int number = 1;
            while (all.containsKey(row + "/" + number)) {
                number++;
            }
            all.put(row + "/" + number, value);
        }
    }

    private long next(int bits) {
        random = random * 6364136223846793005L + 1442695040888963407L;
        return random >> (64 - bits);
    }

    private void numbers() {
        put("null", list((Object) null), list(null, null), new Object[] {null}, map("k", null), map(null, 1));
        put("boolean", true, false, list(true), list(false, true), list(true, true, false), map("yes", true), map(false, "no"));
        for (int bits = 4; bits <= 32; bits++) {
            put("int", (int) next(bits), (int) next(bits));
        }
        put("int", (byte) 17, (byte) -90, (short) 512, (short) -31000, list((byte) 1, (short) 2, 3));
        for (int bits = 4; bits <= 64; bits += 2) {
            put("long", next(bits), next(bits));
        }
        put("long", list(0L, 1L, -1L), list(1L << 31, -(1L << 31) - 1));
        for (int i = 1; i <= 12; i++) {
            put("double", (double) next(7), (double) next(16), next(31) / 1000.0, next(40) / 1024.0, Double.longBitsToDouble(next(62)));
            put("double", (float) next(15), next(20) / 8f, next(24) / 100f);
        }
        put("double", list(0.0, 1.0), list(0.0), list(1.0), list(1.0, 0.0), map("zero", 0.0), map("one", 1.0));
        put("double", list(0.0, 2.0), list(1.0, 2.0), list(1.0f, 0f), new double[] {0, 1});
    }

    private void texts() {
        put("char", 'a', '~', '\u00e9', '\u4f60', '\uffee', '0');
        put("String", "", "x", "two words", "\u00c3", "\u4f60\u597d", "emoji\ud83e\udd23", "\udbff\udfff", "\0", "line\nbreak\ttab");
        put("String", "\ud83d\ude00\ud83d\ude01\ud83d\ude02", "a\u00e9\u4f60\ud83e\udd23", "\u007f\u0080\u07ff\u0800\uffff");
        // The borders of the forms and of the chunks, in characters of one, two, three and twice three bytes.
        for (int length : new int[] {30, 31, 32, 33, 255, 256, 1022, 1023, 1024, 1025, 32767, 32768, 32769, 65535, 65536, 65537}) {
            put("String", "w".repeat(length));
        }
        for (int length : new int[] {30, 31, 1022, 1023, 4096, 32766, 32767, 32768, 40000}) {
            put("String", "w".repeat(length) + "\u00e9", "w".repeat(length) + "\u4f60", "w".repeat(length) + "\ud83e\udd23");
        }
        put("String", "w".repeat(32767) + "\ud83e\udd23" + "w".repeat(32767) + "\ud83e\udd23");
        for (int length : new int[] {15, 16, 17, 31, 32, 100}) {
            put("String", "\u00e9".repeat(length), "\u4f60".repeat(length), "\ud83e\udd23".repeat(length));
        }
    }

    private void binaries() {
        for (int length : new int[] {0, 1, 2, 14, 15, 16, 17, 31, 32, 255, 256, 1022, 1023, 1024, 1025, 4092, 4093, 4094}) {
            put("byte[]", new byte[length]);
        }
        for (int length : new int[] {8188, 8189, 8190, 20000, 32767, 32768, 32769, 65535, 65536}) {
            put("byte[]", new byte[length]);
        }
        for (int length : new int[] {3, 13, 100, 300}) {
            put("byte[]", Values.bytes(length));
        }
    }

    private void dates() {
        for (int bits = 30; bits <= 62; bits += 4) {
            put("Date", new Date(next(bits)), new Date(next(bits / 2) * 60_000));
        }
        put("java.sql", new java.sql.Date(0), new java.sql.Date(TIME_MS), new java.sql.Time(3_600_000), new java.sql.Time(TIME_MS + 1));
        put("java.sql", new java.sql.Timestamp(894_621_091_000L), new java.sql.Timestamp(-1));
    }

    private void primitiveArrays() {
        for (int length : new int[] {0, 1, 2, 7, 8, 20}) {
            boolean[] booleans = new boolean[length];
            short[] shorts = new short[length];
            int[] ints = new int[length];
            long[] longs = new long[length];
            float[] floats = new float[length];
            double[] doubles = new double[length];
            String[] strings = new String[length];
            Object[] objects = new Object[length];
            Date[] dates = new Date[length];
            for (int i = 0; i < length; i++) {
                booleans[i] = next(8) < 0;
                shorts[i] = (short) next(16);
                ints[i] = (int) next(i % 32 + 1);
                longs[i] = next(2 * i % 64 + 1);
                floats[i] = next(20) / 10f;
                doubles[i] = next(30) / 1000.0;
                strings[i] = i % 3 == 2 ? null : "s" + i;
                objects[i] = i % 3 == 0 ? i : i % 3 == 1 ? "o" + i : list(i);
                dates[i] = new Date(TIME_MS + i * 30_000L);
            }
            put("boolean[]", (Object) booleans);
            put("short[]", (Object) shorts);
            put("int[]", (Object) ints);
            put("long[]", (Object) longs);
            put("float[]", (Object) floats);
            put("double[]", (Object) doubles);
            put("String[]", (Object) strings);
            put("Object[]", (Object) objects);
            put("T[]", (Object) dates);
        }
    }

    private void objectArrays() {
        List<Object> shared = list(1);
        put("Object[]", (Object) new Object[] {shared, shared}, new Object[] {new Object[] {new Object[0]}});
        put("T[]", (Object) new Integer[] {1, 2}, new Sex[] {Sex.WOMAN, Sex.WOMAN}, new Animal[] {new Dog("d", 3, null)});
        put("nested[]", (Object) new int[][] {{}, {1}, {2, 3}}, new long[][] {{1}, {2}}, new String[][][] {{{"deep"}}, {}});
        put("nested[]", (Object) new Object[][] {{1, "x"}, {null}}, new Date[][] {{new Date(0)}}, new double[][] {{0.5}, {1.5, 2}});
        int[] one = {1, 2};
        put("nested[]", (Object) new int[][] {one, one, {3}});
    }

    private void collections() {
        for (int length : new int[] {0, 1, 7, 8, 300}) {
            List<Object> items = new ArrayList<>();
            for (int i = 0; i < length; i++) {
                items.add(i % 2 == 0 ? "i" + i : (Object) i);
            }
            put("Collection", items, new LinkedList<>(items), new Vector<>(items), new LinkedHashSet<>(items));
        }
        put("Collection", new TreeSet<>(List.of("b", "a")), new HashSet<>(List.of(7L)), Arrays.asList(1, 2), Collections.singleton("s"));
        List<Object> shared = list("shared");
        put("Collection", list(shared, shared, list(shared)), list(list(list(list("deep")))), new LinkedList<>(List.of(new LinkedList<>())));
        List<Object> self = list("self");
        self.add(self);
        put("Collection", self, list(new HashMap<>(), new HashMap<>(), list()), list(new LinkedList<>(), new LinkedList<>(), new Vector<>()));
    }

    private void maps() {
        put("Map", new HashMap<>(), map("a", 1), map(1, "int"), map(2L, "long"), map(0.5, "double"), map(list(1), list(2)));
        put("Map", map("k", map("k", map("k", 1))), map(new Date(60_000), true), map("\u4f60\u597d", "\ud83e\udd23"));
        put("Map", new LinkedHashMap<>(map("a", 1)), new TreeMap<>(map("b", 2)), new ConcurrentHashMap<>(map("c", 3)), new TreeMap<>());
        put("Map", list(new TreeMap<>(map("a", 1)), new TreeMap<>(map("b", 2))), Collections.singletonMap("only", list()));
        Map<Object, Object> many = new LinkedHashMap<>();
        for (int i = 0; i < 40; i++) {
            many.put("key" + i, i);
        }
        Map<Object, Object> self = map("k", "v");
        self.put("self", self);
        put("Map", many, self);
    }

    private void objects() {
        Dog dog = new Dog("Rex", 4, new Animal("meow", 4));
        put("POJO", new Animal("moo", 4), new Animal(null, 0), dog, new Dog("Fido", 3, dog), list(dog, dog, new Dog("Ann", 4, dog)));
        put("POJO", EchoServiceImpl.user("\u4f60"), EchoServiceImpl.user(""), new Node("only", null), new Node("a", new Node("b", null)));
        put("POJO", list(new Node("one", null), EchoServiceImpl.user("1"), new Node("two", null)));
        for (int more = 1; more <= 5; more++) {
            List<Object> many = Values.manyClasses();
            many.add(new Node("more than sixteen classes, " + more, null));
            put("POJO", many);
        }
        put("enum", Sex.MAN, Sex.WOMAN, TimeUnit.NANOSECONDS, list(Sex.WOMAN, Sex.WOMAN, Sex.MAN), map("unit", TimeUnit.HOURS), list(TimeUnit.DAYS, Sex.MAN));
        put("writeReplace", new Replaced("text"), new Replaced(1L), new Replaced(list("in a list")), list(new Replaced(2)), new Replaced(new Animal("x", 2)));
        Throwable deep = Values.trimmed(new IllegalStateException("deepest"));
        for (String message : new String[] {"outer", "\u4f60\u597d", "", null}) {
            deep = Values.trimmed(new RuntimeException(message, deep));
            put("Throwable", deep);
        }
        put("Throwable", Values.trimmed(new DemoException("declared")), Values.trimmed(new java.io.IOException("io")), list(deep, deep));
    }

    private void jdkTypes() {
        for (String text : new String[] {"0", "-1", "100.256", "1E-20", "123456789012345678901234567890.5", "-0.001"}) {
            put("BigDecimal", new BigDecimal(text));
        }
        for (String text : new String[] {"1", "-2147483648", "4294967296", "12345678901234567890", "-340282366920938463463374607431768211456"}) {
            put("BigInteger", new BigInteger(text));
        }
        put("UUID", new UUID(0, 0), new UUID(-1, -1), new UUID(next(64), next(64)), new UUID(1, -2), list(new UUID(3, 4)));
        put("File", new File("/tmp/x"), new File("relative"), new File(""), new File("/"), new File("/a/\u4f60.txt"));
        put("Class", Object.class, int.class, boolean.class, List.class, Integer.class, list(String.class, String.class));
        put("Locale", Locale.US, Locale.JAPAN, Locale.FRENCH, new Locale("de", "AT"), Locale.ROOT, list(Locale.UK));
        for (long ms : new long[] {0, TIME_MS, -1, 60_000, 253_402_300_799_999L}) {
            Calendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
            calendar.setTimeInMillis(ms);
            put("Calendar", calendar);
        }
        put("EnumSet", EnumSet.of(Sex.MAN), EnumSet.of(Sex.WOMAN), EnumSet.allOf(TimeUnit.class), EnumSet.noneOf(TimeUnit.class), EnumSet.of(TimeUnit.DAYS, TimeUnit.HOURS));
    }

    /** What is written as it comes: iterators as lists of unknown length, a stream as a binary. */
    private void streams() {
        for (int length : new int[] {0, 1, 3, 8, 20}) {
            put("Iterator", Collections.nCopies(length, "i").iterator(), Collections.enumeration(Collections.nCopies(length, length)));
        }
        for (int length : new int[] {1, 10, 16, 1000, 3000}) {
            put("InputStream", new ByteArrayInputStream(new byte[length]));
        }
    }

    private static List<Object> list(Object... items) {
        return new ArrayList<>(Arrays.asList(items));
    }

    private static Map<Object, Object> map(Object key, Object value) {
        Map<Object, Object> map = new HashMap<>();
        map.put(key, value);
        return map;
    }
}
