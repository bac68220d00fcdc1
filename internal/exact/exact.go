// Package exact writes Go values as JSON that reads back as the same values:
// encoding/json alone replaces what is not UTF-8 in a string. Here a string
// that is not UTF-8 becomes "base64:" and its bytes in base64, and so does one
// that begins with "base64:" itself. All other strings, and all other types,
// stand as encoding/json writes them. Types with a JSON or text form of their
// own are left to it, but for the zone of a netip.Addr.
package exact

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Marshal returns v as JSON.
func Marshal(v any) ([]byte, error) {
	m, err := walk(reflect.ValueOf(v), 0, func(s string) (string, error) { return Escape(s), nil })
	if err != nil {
		return nil, err
	}
	if !m.IsValid() {
		return []byte("null"), nil
	}
	return json.Marshal(m.Interface())
}

// Unmarshal reads into v, a pointer, what Marshal wrote of a value of its type.
func Unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	p := reflect.ValueOf(v).Elem()
	m, err := walk(p, 0, Unescape)
	if err != nil {
		return err
	}
	p.Set(m)
	return nil
}

const prefix = "base64:"

// Escape returns s if it is UTF-8 and does not begin with "base64:", else its
// base64 form.
func Escape(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, prefix) {
		return s
	}
	return prefix + base64.StdEncoding.EncodeToString([]byte(s))
}

// Unescape undoes Escape.
func Unescape(s string) (string, error) {
	enc, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return s, nil
	}
	b, err := base64.StdEncoding.DecodeString(enc)
	if err != nil {
		return "", fmt.Errorf("%.40q: %w", s, err)
	}
	return string(b), nil
}

// maxDepth bounds how deeply values are nested; cycles end there.
const maxDepth = 200

var errDepth = errors.New("value is nested too deeply")

// walk returns a copy of v with f applied to every string.
func walk(v reflect.Value, depth int, f func(string) (string, error)) (reflect.Value, error) {
	if depth > maxDepth {
		return v, errDepth
	}
	if !v.IsValid() {
		return v, nil
	}
	if v.Type() == reflect.TypeFor[netip.Addr]() {
		return walkAddr(v, f)
	}
	if hasForm(v.Type()) {
		return v, nil
	}
	switch v.Kind() {
	case reflect.String:
		s, err := f(v.String())
		out := reflect.New(v.Type()).Elem()
		out.SetString(s)
		return out, err
	case reflect.Pointer, reflect.Interface:
		return walkElem(v, depth, f)
	case reflect.Slice, reflect.Array:
		return walkList(v, depth, f)
	case reflect.Map:
		return walkMap(v, depth, f)
	case reflect.Struct:
		return walkStruct(v, depth, f)
	}
	return v, nil
}

// walkAddr applies f to the zone of an IPv6 address, which may be any text.
func walkAddr(v reflect.Value, f func(string) (string, error)) (reflect.Value, error) {
	a := v.Interface().(netip.Addr)
	if a.Zone() == "" {
		return v, nil
	}
	zone, err := f(a.Zone())
	return reflect.ValueOf(a.WithZone(zone)), err
}

// hasForm reports whether a type brings its own JSON or text form.
func hasForm(t reflect.Type) bool {
	for _, form := range [...]reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Implements(form) || t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(form) {
			return true
		}
	}
	return false
}

func walkElem(v reflect.Value, depth int, f func(string) (string, error)) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	elem, err := walk(v.Elem(), depth+1, f)
	if err != nil {
		return v, err
	}
	if v.Kind() == reflect.Pointer {
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(elem)
		return out, nil
	}
	out := reflect.New(v.Type()).Elem()
	out.Set(elem)
	return out, nil
}

func walkList(v reflect.Value, depth int, f func(string) (string, error)) (reflect.Value, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 || v.Kind() == reflect.Slice && v.IsNil() {
		return v, nil
	}
	out := reflect.New(v.Type()).Elem()
	if v.Kind() == reflect.Slice {
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
	}
	for i := range v.Len() {
		elem, err := walk(v.Index(i), depth+1, f)
		if err != nil {
			return v, err
		}
		out.Index(i).Set(elem)
	}
	return out, nil
}

func walkMap(v reflect.Value, depth int, f func(string) (string, error)) (reflect.Value, error) {
	if v.IsNil() {
		return v, nil
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := walk(it.Key(), depth+1, f)
		if err != nil {
			return v, err
		}
		elem, err := walk(it.Value(), depth+1, f)
		if err != nil {
			return v, err
		}
		out.SetMapIndex(key, elem)
	}
	return out, nil
}

func walkStruct(v reflect.Value, depth int, f func(string) (string, error)) (reflect.Value, error) {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		field, err := walk(v.Field(i), depth+1, f)
		if err != nil {
			return v, err
		}
		out.Field(i).Set(field)
	}
	return out, nil
}
