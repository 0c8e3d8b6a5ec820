package demo

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/apache/dubbo-go-hessian2/java8_time"
	"github.com/apache/dubbo-go-hessian2/java_exception"
)

// The shortest run of one character that is written as the character and its count.
const runLength = 64

// goldens collects rows: a value's row of the type mapping, the value, and what a Java program would hold.
type goldens struct {
	out    strings.Builder
	counts map[string]int
}

// golden writes the bytes that dubbo-go-hessian2 gives for values of each kind, as the Java peers' program does. Maps
// have one entry at most, as Go's order of entries changes from run to run.
func golden(values map[string]string) {
	g := &goldens{counts: map[string]int{}}
	g.out.WriteString("# case id, bytes of dubbo-go-hessian2 in hex, canonical JSON of what a Java program would hold\n")
	g.scalars()
	g.texts()
	g.arrays()
	g.containers()
	g.objects()
	if err := os.WriteFile(require(values, "--out"), []byte(g.out.String()), 0o644); err != nil {
		fail(err.Error())
	}
}

func (g *goldens) put(row string, values ...interface{}) {
	for _, value := range values {
		g.as(row, value, javaForm(value))
	}
}

func (g *goldens) as(row string, value interface{}, form string) {
	g.counts[row]++
	bytes := fmt.Sprintf("%x", encode(value))
	fmt.Fprintf(&g.out, "%s/%d\t%s\t%s\n", row, g.counts[row], runs(bytes), runs(form))
}

// runs gives the text with each long run of one character as the character and its count.
func runs(text string) string {
	var out strings.Builder
	chars := []rune(text)
	for start := 0; start < len(chars); {
		end := start
		for end < len(chars) && chars[end] == chars[start] {
			end++
		}
		if end-start >= runLength {
			fmt.Fprintf(&out, "\u2039%c*%d\u203a", chars[start], end-start)
		} else {
			out.WriteString(string(chars[start:end]))
		}
		start = end
	}
	return out.String()
}

func (g *goldens) scalars() {
	g.put("null", nil)
	g.put("boolean", true, false)
	for bits := uint(0); bits < 31; bits++ {
		g.put("int", int32(1)<<bits-1, -(int32(1) << bits), int32(1)<<bits+3)
	}
	for bits := uint(0); bits < 63; bits += 2 {
		g.put("long", int64(1)<<bits-1, -(int64(1) << bits), int64(1)<<bits+5)
	}
	for bits := uint(0); bits < 31; bits += 3 {
		whole := float64(int64(1) << bits)
		g.put("double", whole, -whole, whole+0.5, whole/1000, whole*1.1, float32(whole)/8, float32(whole)*1.1)
	}
	for _, ms := range []int64{1, 1_590_926_400_000, 1_590_926_400_123, -1, 60_000, -60_000, 4_102_444_800_999} {
		g.put("Date", time.UnixMilli(ms).UTC())
	}
}

func (g *goldens) texts() {
	g.put("String", "", "x", "two words", "\u00c3", "\u4f60\u597d", "emoji\U0001f923", "\U0010ffff", "tab\there")
	for _, length := range []int{30, 31, 32, 255, 256, 1023, 1024, 4095, 4096, 4097, 32767, 32768, 65535, 65536} {
		long := strings.Repeat("w", length)
		g.put("String", long, long+"\u4f60", long+"\U0001f923")
	}
	for _, length := range []int{0, 1, 15, 16, 255, 1023, 1024, 4095, 4096, 4097, 32767, 32768, 65535, 65536} {
		g.put("byte[]", make([]byte, length))
	}
	g.put("byte[]", []byte{1, 2, 254, 255})
}

func (g *goldens) arrays() {
	for _, length := range []int{1, 2, 7, 8, 20} {
		booleans := make([]bool, length)
		shorts := make([]int16, length)
		ints := make([]int32, length)
		longs := make([]int64, length)
		floats := make([]float32, length)
		doubles := make([]float64, length)
		texts := make([]string, length)
		for i := 0; i < length; i++ {
			booleans[i] = i%3 == 0
			shorts[i] = int16(i * 1001)
			ints[i] = int32(1) << i
			longs[i] = -(int64(1) << (3 * i))
			floats[i] = float32(i) / 8
			doubles[i] = float64(i) / 1000
			texts[i] = fmt.Sprint("s", i)
		}
		g.put("boolean[]", booleans)
		g.put("short[]", shorts)
		g.put("int[]", ints)
		g.put("long[]", longs)
		g.put("float[]", floats)
		g.put("double[]", doubles)
		g.put("String[]", texts)
	}
}

func (g *goldens) containers() {
	type list = []interface{}
	type table = map[interface{}]interface{}
	g.put("Collection", list{"a"}, list{int32(1), "two", 3.5, nil, true}, list{list{int64(1)}, list{"x"}}, list{list{list{list{}}}})
	for _, length := range []int{7, 8, 300} {
		items := make(list, length)
		for i := range items {
			items[i] = int32(i)
		}
		g.put("Collection", items)
	}
	g.put("Map", table{"a": int32(1)}, table{int32(1): "int"}, table{int64(2): "long"}, table{0.5: "double"}, table{"m": table{"m": table{"k": "v"}}})
	g.put("Map", table{"list": list{"x", table{"y": false}}}, table{"\u4f60": "\U0001f923"}, table{"nothing": nil})
}

func (g *goldens) objects() {
	type list = []interface{}
	g.put("POJO", user("1"), user(""), user("\u4f60"), list{user("1"), user("2")}, list{"before", user("3"), int32(4)})
	twice := user("7")
	user7 := javaForm(twice)
	g.as("POJO", list{twice, twice}, `{"items":[`+user7+`,{"$ref":"$[0]"}],"list":"java.util.ArrayList"}`)
	g.put("enum", man, woman, list{man, woman}, list{woman, "text"}, map[interface{}]interface{}{"sex": man})
	for _, message := range []string{"boom", "", "\u4f60\u597d", strings.Repeat("w", 1024), "x"} {
		g.as("Throwable", java_exception.NewException(message), throwableForm("java.lang.Exception", message))
		g.as("Throwable", java_exception.NewIllegalArgumentException(message), throwableForm("java.lang.IllegalArgumentException", message))
	}
	for i := int32(1); i <= 5; i++ {
		date := java8_time.LocalDate{Year: 2000 + i, Month: i, Day: 9 + i}
		clock := java8_time.LocalTime{Hour: 10 + i, Minute: 20 + i, Second: 30 + i}
		day := fmt.Sprintf("%d-%02d-%02d", date.Year, date.Month, date.Day)
		hour := fmt.Sprintf("%02d:%02d:%02d", clock.Hour, clock.Minute, clock.Second)
		g.as("LocalDate", date, textForm("java.time.LocalDate", day))
		g.as("LocalTime", clock, textForm("java.time.LocalTime", hour))
		g.as("LocalDateTime", java8_time.LocalDateTime{Date: date, Time: clock}, textForm("java.time.LocalDateTime", day+"T"+hour))
		g.as("Year", java8_time.Year{Year: 2000 + i}, textForm("java.time.Year", fmt.Sprint(2000+i)))
		g.as("MonthDay", java8_time.MonthDay{Month: i, Day: i}, textForm("java.time.MonthDay", fmt.Sprintf("--%02d-%02d", i, i)))
		g.as("Period", java8_time.Period{Years: i, Months: i, Days: i}, textForm("java.time.Period", fmt.Sprintf("P%dY%dM%dD", i, i, i)))
	}
}
