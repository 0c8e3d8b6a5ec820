package demo

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// named is a value that echoObject is called with.
type named struct {
	id    string
	value interface{}
}

// values are what Go has a type for. Those of an id that the Java peers have are the same on the wire but for the forms
// that Java's classes have.
func values() []named {
	all := []named{{"null", nil}, {"Boolean/true", true}, {"Boolean/false", false}}
	for _, value := range []int32{0, 1, -1, -16, -17, 47, 48, -2048, -2049, 2047, 2048, -262144, -262145, 262143, 262144} {
		all = append(all, named{fmt.Sprintf("Integer/%d", value), value})
	}
	all = append(all, named{"Integer/min", int32(math.MinInt32)}, named{"Integer/max", int32(math.MaxInt32)})
	for _, value := range []int64{0, -8, -9, 15, 16, -2048, -2049, 2047, 2048, -262144, -262145, 262143, 262144} {
		all = append(all, named{fmt.Sprintf("Long/%d", value), value})
	}
	all = append(all,
		named{"Long/int-min", int64(math.MinInt32)}, named{"Long/int-max", int64(math.MaxInt32)},
		named{"Long/int-max+1", int64(math.MaxInt32) + 1},
		named{"Long/min", int64(math.MinInt64)}, named{"Long/max", int64(math.MaxInt64)},
		named{"Byte/min", int8(math.MinInt8)}, named{"Short/max", int16(math.MaxInt16)},
		named{"Float/1.5", float32(1.5)}, named{"Float/0.1", float32(0.1)},
	)
	for _, value := range []float64{0, math.Copysign(0, -1), 1, -128, 127, 128, -32768, 32767, 32768, 12.25, 0.1, 0.009, -1.001, 2147483.647, 2147483.648, math.Pi} {
		all = append(all, named{fmt.Sprintf("Double/%v", value), value})
	}
	all = append(all,
		named{"Double/nan", math.NaN()}, named{"Double/infinity", inf}, named{"Double/-infinity", -inf},
		named{"Double/max", math.MaxFloat64}, named{"Double/min", math.SmallestNonzeroFloat64},
		named{"String/ascii", "hello"}, named{"String/empty", ""}, named{"String/nul", "a\x00b"},
	)
	for _, length := range []int{31, 32, 1023, 1024, 32769} {
		all = append(all, named{fmt.Sprintf("String/%d", length), strings.Repeat("s", length)})
	}
	second := int64(1_590_926_400)
	all = append(all,
		named{"String/emoji-at-chunk-end", strings.Repeat("s", 32767) + emoji + strings.Repeat("t", 8)},
		named{"Date/ms", time.UnixMilli(second*1000 + 123)}, named{"Date/second", time.Unix(second+1, 0)},
		named{"Date/minute", time.Unix(second, 0)}, named{"Date/before-1970", time.UnixMilli(-1)},
	)
	for _, length := range []int{0, 1, 15, 16, 1023, 1024, 4093, 8192} {
		all = append(all, named{fmt.Sprintf("byte[]/%d", length), counted(length)})
	}
	return append(append(all, arrays()...), containers()...)
}

func arrays() []named {
	return []named{
		{"short[]", []int16{1, -2, math.MaxInt16}},
		{"int[]", []int32{1, -2, math.MaxInt32}},
		{"int[]/8", []int32{1, 2, 3, 4, 5, 6, 7, 8}},
		{"long[]", []int64{1, -2, math.MaxInt64}},
		{"float[]", []float32{1.5, 0.1}},
		{"double[]", []float64{0.1, 12.25}},
		{"boolean[]", []bool{true, false}},
		{"String[]", []string{"a", "", "c"}},
		{"User[]", []*User{user("1"), user("2")}},
	}
}

func containers() []named {
	type l = []interface{}
	type m = map[interface{}]interface{}
	shared := user("7")
	return []named{
		{"ArrayList", l{int32(1), int64(2), "three", 4.5, true, nil}},
		{"ArrayList/empty", l{}},
		{"ArrayList/7", numbered(7)},
		{"ArrayList/8", numbered(8)},
		{"ArrayList/1000", numbered(1000)},
		{"ArrayList/nested", l{l{int32(1)}, l{"x"}}},
		{"HashMap", m{"int": int32(1), "text": "two", "list": l{int32(1), int32(2)}}},
		{"HashMap/empty", m{}},
		{"HashMap/nested", m{"inner": m{"k": int64(1)}}},
		{"HashMap/odd-keys", m{int32(1): "int", int64(1): "long", 1.5: "double", true: "boolean"}},
		{"User", user("7")},
		{"User/3", l{user("0"), user("1"), user("2")}},
		{"User/shared", l{shared, user("8"), shared}},
		{"Sex", woman},
		{"Sex/repeated", l{man, woman, man, man}},
	}
}

func counted(length int) []byte {
	bytes := make([]byte, length)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return bytes
}

func numbered(count int) []interface{} {
	items := []interface{}{}
	for i := 0; i < count; i++ {
		items = append(items, int32(i))
	}
	return items
}

func mixedMap() map[interface{}]interface{} {
	return map[interface{}]interface{}{
		"int": int32(1), "long": int64(2), "text": "\u4e2d", "double": 12.25,
		"list": []interface{}{"a", int32(1)},
		"map":  map[interface{}]interface{}{"k": true},
		"user": user("7"), "sex": woman, "bytes": []byte{1, 2},
	}
}
