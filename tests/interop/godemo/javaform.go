package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// javaForm is the canonical JSON of what a Java program holds that reads the value from dubbo-go-hessian2's bytes; the
// forms are those of the Java peers.
func javaForm(value interface{}) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int32:
		return numberForm("int", int64(v))
	case int64:
		return numberForm("long", v)
	case float32:
		// It travels by its decimal text.
		wide, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		if err != nil {
			fail(err.Error())
		}
		return javaForm(wide)
	case float64:
		return fmt.Sprintf(`{"double":"%016x"}`, math.Float64bits(v))
	case string:
		return quoted(v)
	case time.Time:
		return fmt.Sprintf(`{"date":%d}`, v.UnixMilli())
	case []byte:
		return fmt.Sprintf(`{"bytes":"%x"}`, v)
	case Sex:
		return fmt.Sprintf(`{"enum":"org.wubbo.demo.Sex","name":"%v"}`, v)
	case *User:
		return userForm(v)
	case map[interface{}]interface{}:
		entries := []string{}
		for key, item := range v {
			entries = append(entries, "["+javaForm(key)+","+javaForm(item)+"]")
		}
		return fmt.Sprintf(`{"entries":[%s],"map":"java.util.HashMap"}`, strings.Join(entries, ","))
	}
	return sequenceForm(reflect.ValueOf(value))
}

var arrayNames = map[reflect.Kind]string{
	reflect.Bool: "boolean[]", reflect.Int16: "short[]", reflect.Int32: "int[]", reflect.Int64: "long[]",
	reflect.Float32: "float[]", reflect.Float64: "double[]", reflect.String: "java.lang.String[]",
}

func sequenceForm(value reflect.Value) string {
	items := []string{}
	for i := 0; i < value.Len(); i++ {
		item := value.Index(i).Interface()
		switch v := item.(type) {
		case int16:
			items = append(items, numberForm("short", int64(v)))
		case float32:
			items = append(items, fmt.Sprintf(`{"float":"%08x"}`, math.Float32bits(v)))
		default:
			items = append(items, javaForm(item))
		}
	}
	joined := strings.Join(items, ",")
	if name, typed := arrayNames[value.Type().Elem().Kind()]; typed {
		return fmt.Sprintf(`{"array":"%s","items":[%s]}`, name, joined)
	}
	return fmt.Sprintf(`{"items":[%s],"list":"java.util.ArrayList"}`, joined)
}

func userForm(user *User) string {
	return fmt.Sprintf(`{"fields":{"age":%s,"id":%s,"name":%s,"scores":%s,"sex":%s,"tags":%s,"time":%s},"object":"org.wubbo.demo.User"}`,
		javaForm(user.Age), javaForm(user.ID), javaForm(user.Name), javaForm(user.Scores), javaForm(user.Sex), javaForm(user.Tags), javaForm(user.Time))
}

func numberForm(kind string, number int64) string {
	return fmt.Sprintf(`{"%s":%d}`, kind, number)
}

func textForm(class, text string) string {
	return fmt.Sprintf(`{"text":"%s","value":%s}`, class, quoted(text))
}

func throwableForm(class, message string) string {
	return fmt.Sprintf(`{"cause":null,"message":%s,"stack":[],"throwable":"%s"}`, quoted(message), class)
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		fail(err.Error())
	}
	return string(out)
}
