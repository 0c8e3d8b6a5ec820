package org.wubbo.interop;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
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
import java.util.Properties;
import java.util.Set;
import java.util.Stack;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.Vector;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.wubbo.demo.DemoException;
import org.wubbo.demo.Sex;
import org.wubbo.demo.User;
import org.wubbo.interop.types.Boxes;
import org.wubbo.interop.types.Derived;
import org.wubbo.interop.types.Node;
import org.wubbo.interop.types.Primitives;

/**
 * The values that {@code echoObject} is called with, by case name: data only. {@link Golden} encodes the same ones.
 * Nothing here may depend on identity hashes (an enum as key of a HashMap would), the clock or the default zone.
 */
final class Values {
    private static final long TIME_MS = EchoServiceImpl.USER_TIME_MS;
    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");

    private Values() {}

    static Map<String, Object> all() {
        Map<String, Object> all = new LinkedHashMap<>();
        numbers(all);
        textsAndDates(all);
        arrays(all);
        lists(all);
        maps(all);
        objects(all);
        jdkTypes(all);
        times(all);
        return all;
    }

    private static void numbers(Map<String, Object> all) {
        all.put("null", null);
        all.put("Boolean/true", true);
        all.put("Boolean/false", false);
        all.put("Byte/min", Byte.MIN_VALUE);
        all.put("Byte/max", Byte.MAX_VALUE);
        all.put("Short/min", Short.MIN_VALUE);
        all.put("Short/max", Short.MAX_VALUE);
        // The borders of Hessian's one, two, three and five byte forms.
        for (int value : new int[] {0, 1, -1, -16, -17, 47, 48, -2048, -2049, 2047, 2048, -262144, -262145, 262143, 262144}) {
            all.put("Integer/" + value, value);
        }
        all.put("Integer/min", Integer.MIN_VALUE);
        all.put("Integer/max", Integer.MAX_VALUE);
        for (long value : new long[] {0, -8, -9, 15, 16, -2048, -2049, 2047, 2048, -262144, -262145, 262143, 262144}) {
            all.put("Long/" + value, value);
        }
        all.put("Long/int-min", (long) Integer.MIN_VALUE);
        all.put("Long/int-max", (long) Integer.MAX_VALUE);
        all.put("Long/int-max+1", Integer.MAX_VALUE + 1L);
        all.put("Long/min", Long.MIN_VALUE);
        all.put("Long/max", Long.MAX_VALUE);
        for (float value : new float[] {0f, 1.5f, 0.1f, -128f, 3.14159f}) {
            all.put("Float/" + value, value);
        }
        all.put("Float/max", Float.MAX_VALUE);
        all.put("Float/nan", Float.NaN);
        all.put("Float/infinity", Float.POSITIVE_INFINITY);
        for (double value : new double[] {0, -0.0, 1, -128, 127, 128, -32768, 32767, 32768, 12.25, 0.1, 0.009, -1.001, 2147483.647, 2147483.648, Math.PI}) {
            all.put("Double/" + value, value);
        }
        all.put("Double/nan", Double.NaN);
        all.put("Double/infinity", Double.POSITIVE_INFINITY);
        all.put("Double/-infinity", Double.NEGATIVE_INFINITY);
        all.put("Double/max", Double.MAX_VALUE);
        all.put("Double/min", Double.MIN_VALUE);
    }

    private static void textsAndDates(Map<String, Object> all) {
        all.put("Character/ascii", 'A');
        all.put("Character/cjk", '\u4e2d');
        all.put("String/ascii", "hello");
        all.put("String/empty", "");
        all.put("String/nul", "a\u0000b");
        for (int length : new int[] {31, 32, 1023, 1024, 32769}) {
            all.put("String/" + length, "s".repeat(length));
        }
        all.put("String/emoji-at-chunk-end", "s".repeat(32767) + "\ud83d\ude00" + "t".repeat(8));
        all.put("StringBuilder", new StringBuilder("built"));
        all.put("Date/ms", new Date(TIME_MS + 123));
        all.put("Date/second", new Date(TIME_MS + 1000));
        all.put("Date/minute", new Date(TIME_MS));
        all.put("Date/zero", new Date(0));
        all.put("Date/before-1970", new Date(-1));
        all.put("Date/minute-before-1970", new Date(-60_000));
        all.put("Date/far", new Date(253_402_300_799_999L));
        all.put("sql.Date", new java.sql.Date(TIME_MS));
        all.put("sql.Time", new java.sql.Time(TIME_MS));
        all.put("sql.Timestamp", timestamp());
        all.put("GregorianCalendar", calendar());
    }

    private static void arrays(Map<String, Object> all) {
        for (int length : new int[] {0, 1, 15, 16, 1023, 1024, 4093, 8192}) {
            all.put("byte[]/" + length, bytes(length));
        }
        all.put("short[]", new short[] {1, -2, Short.MAX_VALUE});
        all.put("char[]", new char[] {'a', 'b', '\u4e2d'});
        all.put("int[]", new int[] {1, -2, Integer.MAX_VALUE});
        all.put("int[]/empty", new int[0]);
        all.put("int[]/8", new int[] {1, 2, 3, 4, 5, 6, 7, 8});
        all.put("long[]", new long[] {1, -2, Long.MAX_VALUE});
        all.put("float[]", new float[] {1.5f, 0.1f});
        all.put("double[]", new double[] {0.1, -0.0, 12.25});
        all.put("boolean[]", new boolean[] {true, false});
        all.put("String[]", new String[] {"a", null, ""});
        all.put("Integer[]", new Integer[] {1, null, 3});
        all.put("Long[]", new Long[] {1L, null});
        all.put("Object[]", new Object[] {1, "two", 3.0, null, new Object[] {4L}});
        all.put("Date[]", new Date[] {new Date(TIME_MS), null});
        all.put("int[][]", new int[][] {{1, 2}, {}, {3}});
        all.put("String[][]", new String[][] {{"a"}, {"b", "c"}});
        all.put("User[]", new User[] {EchoServiceImpl.user("1"), null, EchoServiceImpl.user("2")});
        all.put("Sex[]", new Sex[] {Sex.MAN, Sex.WOMAN, Sex.MAN});
    }

    private static void lists(Map<String, Object> all) {
        List<Object> mixed = new ArrayList<>(Arrays.asList(1, 2L, "three", 4.5, true, null));
        all.put("ArrayList", mixed);
        all.put("ArrayList/empty", new ArrayList<>());
        all.put("ArrayList/7", numbered(7));
        all.put("ArrayList/8", numbered(8));
        all.put("ArrayList/1000", numbered(1000));
        all.put("ArrayList/nested", new ArrayList<>(List.of(new ArrayList<>(List.of(1)), new ArrayList<>(List.of("x")))));
        all.put("LinkedList", new LinkedList<>(mixed));
        all.put("Vector", new Vector<>(mixed));
        all.put("Stack", stack(mixed));
        all.put("ArrayDeque", new ArrayDeque<>(List.of("a", "b")));
        all.put("CopyOnWriteArrayList", new CopyOnWriteArrayList<>(mixed));
        all.put("Arrays.asList", Arrays.asList("a", "b", null));
        all.put("List.of", List.of("a", "b", "c"));
        all.put("Collections.emptyList", Collections.emptyList());
        all.put("Collections.singletonList", Collections.singletonList("only"));
        all.put("Collections.unmodifiableList", Collections.unmodifiableList(new ArrayList<>(List.of(1, 2))));
        all.put("subList", numbered(5).subList(1, 4));
        all.put("HashSet", new HashSet<>(List.of("x", "y", "z")));
        all.put("LinkedHashSet", new LinkedHashSet<>(List.of("z", "y", "x")));
        all.put("TreeSet", new TreeSet<>(Set.of(3, 1, 2)));
        all.put("Set.of", Set.of("one"));
        all.put("EnumSet", EnumSet.allOf(Sex.class));
        all.put("EnumSet/empty", EnumSet.noneOf(Sex.class));
    }

    private static void maps(Map<String, Object> all) {
        Map<String, Object> mixed = new HashMap<>();
        mixed.put("int", 1);
        mixed.put("text", "two");
        mixed.put("null", null);
        mixed.put("list", new ArrayList<>(List.of(1, 2)));
        all.put("HashMap", mixed);
        all.put("HashMap/empty", new HashMap<>());
        all.put("HashMap/nested", new HashMap<>(Map.of("inner", new HashMap<>(Map.of("k", 1L)))));
        all.put("HashMap/odd-keys", oddKeys());
        all.put("LinkedHashMap", new LinkedHashMap<>(mixed));
        all.put("TreeMap", new TreeMap<>(mixed));
        all.put("ConcurrentHashMap", new ConcurrentHashMap<>(Map.of("k", "v")));
        all.put("Properties", properties());
        all.put("EnumMap", new EnumMap<>(Map.of(Sex.WOMAN, 1)));
        all.put("Map.of", Map.of("k", "v"));
        all.put("Collections.emptyMap", Collections.emptyMap());
        all.put("Collections.singletonMap", Collections.singletonMap("k", 1));
        all.put("Collections.unmodifiableMap", Collections.unmodifiableMap(new HashMap<>(Map.of("k", 1))));
        all.put("HashMap/self", selfContaining());
    }

    private static void objects(Map<String, Object> all) {
        User shared = EchoServiceImpl.user("7");
        all.put("User", EchoServiceImpl.user("7"));
        all.put("User/empty", new User());
        all.put("User/15", users(15));
        all.put("User/shared", new ArrayList<>(Arrays.asList(shared, EchoServiceImpl.user("8"), shared)));
        all.put("User/shared-parts", sharedParts());
        all.put("Sex", Sex.WOMAN);
        all.put("Sex/repeated", new ArrayList<>(List.of(Sex.MAN, Sex.WOMAN, Sex.MAN, Sex.MAN)));
        all.put("Primitives", new Primitives());
        all.put("Boxes", new Boxes());
        all.put("Derived", new Derived());
        all.put("Node/chain", chain(40));
        all.put("Node/cycle", cycle());
        all.put("classes/20", manyClasses());
        all.put("Exception", trimmed(new IllegalArgumentException("bad argument")));
        all.put("Exception/null-message", trimmed(new RuntimeException()));
        all.put("Exception/cause", trimmed(new RuntimeException("outer", trimmed(new DemoException("inner")))));
        all.put("DemoException", trimmed(new DemoException("declared")));
    }

    private static void jdkTypes(Map<String, Object> all) {
        all.put("BigDecimal", new BigDecimal("1.50"));
        all.put("BigDecimal/exponent", new BigDecimal("1E+30"));
        all.put("BigInteger", new BigInteger("123456789012345678901234567890"));
        all.put("BigInteger/negative", BigInteger.ONE.negate());
        all.put("BigInteger/zero", new BigInteger("0"));
        all.put("UUID", new UUID(1, 2));
        all.put("Locale", Locale.SIMPLIFIED_CHINESE);
        all.put("Locale/language", Locale.ENGLISH);
        all.put("Class", String.class);
        all.put("Class/primitive", int.class);
        all.put("AtomicLong", new AtomicLong(42));
        all.put("TimeUnit", TimeUnit.SECONDS);
    }

    private static void times(Map<String, Object> all) {
        all.put("LocalDate", LocalDate.of(2020, 5, 31));
        all.put("LocalTime", LocalTime.of(12, 34, 56, 789));
        all.put("LocalDateTime", LocalDateTime.of(2020, 5, 31, 12, 34, 56, 789_000_000));
        all.put("Instant", Instant.ofEpochSecond(1_590_926_400L, 123_456_789));
        all.put("Duration", Duration.ofSeconds(90, 5));
        all.put("Duration/negative", Duration.ofMillis(-1));
        all.put("Period", Period.of(1, 2, 3));
        all.put("Year", Year.of(2020));
        all.put("YearMonth", YearMonth.of(2020, 5));
        all.put("MonthDay", MonthDay.of(5, 31));
        all.put("ZoneId", SHANGHAI);
        all.put("ZoneOffset", ZoneOffset.ofHours(8));
        all.put("OffsetTime", OffsetTime.of(12, 34, 56, 0, ZoneOffset.ofHours(8)));
        all.put("OffsetDateTime", OffsetDateTime.of(2020, 5, 31, 12, 34, 56, 0, ZoneOffset.ofHours(8)));
        all.put("ZonedDateTime", ZonedDateTime.of(2020, 5, 31, 12, 34, 56, 0, SHANGHAI));
    }

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static List<Object> numbered(int count) {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(i);
        }
        return list;
    }

    private static List<User> users(int count) {
        List<User> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(EchoServiceImpl.user(Integer.toString(i)));
        }
        return list;
    }

    private static Stack<Object> stack(List<Object> items) {
        Stack<Object> stack = new Stack<>();
        stack.addAll(items);
        return stack;
    }

    private static Map<Object, Object> oddKeys() {
        Map<Object, Object> map = new HashMap<>();
        map.put(1, "int");
        map.put(1L, "long");
        map.put(1.5, "double");
        map.put(true, "boolean");
        map.put(null, "null");
        map.put(new Date(TIME_MS), "date");
        map.put(new ArrayList<>(List.of(1, 2)), "list");
        return map;
    }

    private static Map<String, Object> selfContaining() {
        Map<String, Object> map = new HashMap<>();
        map.put("self", map);
        map.put("x", 1);
        return map;
    }

    private static Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("k", "v");
        return properties;
    }

    /** Two users with one list, one map and one date object: the list and the map are references, the date is not. */
    private static List<User> sharedParts() {
        User one = EchoServiceImpl.user("1");
        User two = EchoServiceImpl.user("2");
        two.setTags(one.getTags());
        two.setScores(one.getScores());
        two.setTime(one.getTime());
        return new ArrayList<>(List.of(one, two));
    }

    private static Node chain(int length) {
        Node head = null;
        for (int i = length; i > 0; i--) {
            head = new Node("n" + i, head);
        }
        return head;
    }

    private static Node cycle() {
        Node last = new Node("last", null);
        Node first = new Node("first", last);
        last.next = first;
        last.peer = last;
        return first;
    }

    /** More than sixteen class definitions in one stream, then the first again: both forms of object tags. */
    static List<Object> manyClasses() {
        List<Object> list = new ArrayList<>();
        list.add(EchoServiceImpl.user("1"));
        list.add(new Primitives());
        list.add(new Boxes());
        list.add(new Derived());
        list.add(new Node("n", null));
        list.add(Sex.MAN);
        list.add(TimeUnit.DAYS);
        list.add(new BigDecimal("2.5"));
        list.add(new BigInteger("5"));
        list.add(new UUID(3, 4));
        list.add(Locale.SIMPLIFIED_CHINESE);
        list.add(LocalDate.of(2020, 5, 31));
        list.add(LocalTime.of(1, 2, 3));
        list.add(LocalDateTime.of(2020, 5, 31, 1, 2, 3));
        list.add(Instant.ofEpochSecond(1));
        list.add(Duration.ofSeconds(2));
        list.add(Period.ofDays(3));
        list.add(new java.sql.Date(TIME_MS));
        list.add(Year.of(2021));
        list.add(YearMonth.of(2021, 1));
        list.add(EchoServiceImpl.user("2"));
        list.add(Year.of(2022));
        return list;
    }

    private static java.sql.Timestamp timestamp() {
        java.sql.Timestamp timestamp = new java.sql.Timestamp(TIME_MS + 123);
        timestamp.setNanos(123_456_789);
        return timestamp;
    }

    private static GregorianCalendar calendar() {
        GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
        calendar.setTimeInMillis(TIME_MS);
        return calendar;
    }

    /** A stack of two fixed frames: the real one depends on who calls and on the line numbers of this file. */
    static <T extends Throwable> T trimmed(T throwable) {
        throwable.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("org.wubbo.demo.Shop", "sell", "Shop.java", 42),
            new StackTraceElement("org.wubbo.demo.Shop", "main", "Shop.java", 7),
        });
        return throwable;
    }
}
