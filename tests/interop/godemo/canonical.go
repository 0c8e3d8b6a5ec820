package demo

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
	"github.com/apache/dubbo-go-hessian2/java_exception"
)

// object is JSON with sorted keys.
type object map[string]interface{}

// canonical gives a value as JSON that keeps its type, exact bits and sharing, and is the same in every run; README.md
// lists the forms.
func canonical(value interface{}) interface{} {
	return (&walk{seen: map[uintptr]string{}}).visit(reflect.ValueOf(value), "$")
}

type walk struct {
	// Pointers and maps by address, with the path at which each was met first.
	seen map[uintptr]string
}

func (w *walk) visit(value reflect.Value, path string) interface{} {
	for value.IsValid() && value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if !value.IsValid() {
		return nil
	}
	if form, ok := leaf(value); ok {
		return form
	}
	switch value.Kind() {
	case reflect.Ptr, reflect.Map:
		if value.IsNil() {
			return nil
		}
		if first, ok := w.seen[value.Pointer()]; ok {
			return object{"$ref": first}
		}
		w.seen[value.Pointer()] = path
		if value.Kind() == reflect.Ptr {
			return w.visit(value.Elem(), path)
		}
		return w.entries(value, path)
	case reflect.Slice, reflect.Array:
		items := []interface{}{}
		for i := 0; i < value.Len(); i++ {
			items = append(items, w.visit(value.Index(i), fmt.Sprintf("%s[%d]", path, i)))
		}
		return object{"list": value.Type().String(), "items": items}
	case reflect.Struct:
		return w.fields(value, path)
	}
	return object{"unknown": value.Type().String()}
}

func leaf(value reflect.Value) (interface{}, bool) {
	switch value := value.Interface().(type) {
	case time.Time:
		return object{"date": value.UnixMilli()}, true
	case []byte:
		return object{"bytes": hex.EncodeToString(value)}, true
	case Sex:
		return object{"enum": value.JavaClassName(), "name": value.String()}, true
	}
	switch value.Kind() {
	case reflect.Bool:
		return value.Bool(), true
	case reflect.String:
		return value.String(), true
	case reflect.Int8:
		return object{"byte": value.Int()}, true
	case reflect.Int16:
		return object{"short": value.Int()}, true
	case reflect.Int32:
		return object{"int": value.Int()}, true
	case reflect.Int, reflect.Int64:
		return object{"long": value.Int()}, true
	case reflect.Float32:
		return object{"float": fmt.Sprintf("%08x", math.Float32bits(float32(value.Float())))}, true
	case reflect.Float64:
		if math.IsNaN(value.Float()) {
			// Go has many, Java writes one.
			return object{"double": "NaN"}, true
		}
		return object{"double": fmt.Sprintf("%016x", math.Float64bits(value.Float()))}, true
	}
	return nil, false
}

func (w *walk) entries(value reflect.Value, path string) interface{} {
	type entry struct {
		text  string
		key   interface{}
		value reflect.Value
	}
	var entries []entry
	for _, key := range value.MapKeys() {
		form := canonical(key.Interface())
		entries = append(entries, entry{text(form), form, value.MapIndex(key)})
	}
	sort.Slice(entries, func(a, b int) bool { return entries[a].text < entries[b].text })
	pairs := []interface{}{}
	for _, entry := range entries {
		item := w.visit(entry.value, path+"{"+entry.text+"}")
		pairs = append(pairs, []interface{}{entry.key, item})
	}
	return object{"map": value.Type().String(), "entries": pairs}
}

func (w *walk) fields(value reflect.Value, path string) interface{} {
	class := value.Type().String()
	own := reflect.New(value.Type())
	own.Elem().Set(value)
	if pojo, ok := own.Interface().(hessian.POJO); ok {
		class = pojo.JavaClassName()
	}
	if thrown, ok := own.Interface().(java_exception.Throwabler); ok {
		return object{"throwable": class, "message": thrown.Error()}
	}
	fields := object{}
	for i := 0; i < value.NumField(); i++ {
		if !value.Type().Field(i).IsExported() {
			return object{"unknown": class}
		}
		name := value.Type().Field(i).Tag.Get("hessian")
		fields[name] = w.visit(value.Field(i), path+"."+name)
	}
	return object{"object": class, "fields": fields}
}

func text(value interface{}) string {
	bytes, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("no JSON: %v", err)
	}
	return string(bytes)
}
