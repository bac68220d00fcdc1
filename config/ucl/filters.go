package ucl

import (
	"math"
	"strconv"
	"strings"
)

// truth is Lua's: only nil and false are not true.
func truth(v any) bool {
	b, isBool := v.(bool)
	return v != nil && (!isBool || b)
}

// print is a value as a template writes it.
func print(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', 14, 64)
	}
	return "table"
}

// number is a value as a number, texts of numbers too.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

func length(v any) (float64, bool) {
	switch v := v.(type) {
	case string:
		return float64(len(v)), true
	case []any:
		return float64(len(v)), true
	}
	return 0, false
}

// binaryOp applies an operator of Lua; ok is false where Lua fails.
func binaryOp(op string, a, b any) (v any, ok bool) {
	switch op {
	case "or", "and":
		return b, true
	case "==", "~=", "!=":
		return equal(a, b) == (op == "=="), true
	case "..":
		_, listA := a.([]any)
		_, listB := b.([]any)
		return print(a) + print(b), a != nil && b != nil && !listA && !listB
	}
	if s, text := a.(string); text && (op[0] == '<' || op[0] == '>') {
		other, ok := b.(string)
		return ordered(op, strings.Compare(s, other)), ok
	}
	x, okA := number(a)
	y, okB := number(b)
	if !okA || !okB {
		return nil, false
	}
	switch op {
	case "+":
		return x + y, true
	case "-":
		return x - y, true
	case "*":
		return x * y, true
	case "/":
		return x / y, true
	case "%":
		return x - math.Floor(x/y)*y, true
	}
	switch {
	case x < y:
		return ordered(op, -1), true
	case x > y:
		return ordered(op, 1), true
	}
	return ordered(op, 0), true
}

func equal(a, b any) bool {
	switch a.(type) {
	case []any, map[string]any, map[string]string:
		return false // tables are compared by identity, and none is kept twice
	}
	switch b.(type) {
	case []any, map[string]any, map[string]string:
		return false
	}
	return a == b
}

func ordered(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// longest is how many bytes a filter may make of several texts.
const longest = 1 << 20

// filterNamed finds a filter. It gets the value and its arguments.
func filterNamed(name string) (func(values []any) (any, bool), bool) {
	switch name {
	case "default":
		return defaulted, true
	case "lower", "upper", "capitalize", "string", "trim":
		return func(v []any) (any, bool) { return letters(name, v) }, true
	case "int", "float", "abs":
		return func(v []any) (any, bool) { return numeric(name, v) }, true
	case "length":
		return func(v []any) (any, bool) { return length(v[0]) }, true
	case "first", "last":
		return func(v []any) (any, bool) { return end(name, v) }, true
	case "split":
		return split, true
	case "join":
		return join, true
	case "replace":
		return replace, true
	}
	return nil, false
}

// defaulted replaces nil, and false with a true third argument.
func defaulted(v []any) (any, bool) {
	if len(v) < 2 {
		return nil, false
	}
	if v[0] == nil || len(v) > 2 && truth(v[2]) && !truth(v[0]) {
		return v[1], true
	}
	return v[0], true
}

func letters(name string, v []any) (any, bool) {
	if v[0] == nil {
		return nil, false
	}
	s := print(v[0])
	switch name {
	case "lower":
		return strings.ToLower(s), true
	case "upper":
		return strings.ToUpper(s), true
	case "trim":
		return strings.TrimSpace(s), true
	case "capitalize":
		if s != "" {
			return strings.ToUpper(s[:1]) + s[1:], true
		}
	}
	return s, true
}

func numeric(name string, v []any) (any, bool) {
	f, ok := number(v[0])
	switch name {
	case "int":
		return math.Floor(f), ok
	case "abs":
		return math.Abs(f), ok
	}
	return f, ok
}

func end(name string, v []any) (any, bool) {
	list, ok := v[0].([]any)
	switch {
	case !ok:
		return nil, false
	case len(list) == 0:
		return nil, true
	case name == "first":
		return list[0], true
	}
	return list[len(list)-1], true
}

// split makes a list of a text; Rspamd has no such filter, but nothing else
// turns a variable of the environment into a list.
func split(v []any) (any, bool) {
	s, ok := v[0].(string)
	if !ok || len(v) != 2 || print(v[1]) == "" {
		return nil, false
	}
	var list []any
	for part := range strings.SplitSeq(s, print(v[1])) {
		list = append(list, strings.TrimSpace(part))
	}
	return list, true
}

func join(v []any) (any, bool) {
	list, ok := v[0].([]any)
	if !ok || len(v) > 2 {
		return nil, false
	}
	sep := ""
	if len(v) == 2 {
		sep = print(v[1])
	}
	parts, size := make([]string, 0, len(list)), 0
	for _, item := range list {
		parts = append(parts, print(item))
		size += len(parts[len(parts)-1]) + len(sep)
	}
	if size > longest {
		return nil, false
	}
	return strings.Join(parts, sep), true
}

func replace(v []any) (any, bool) {
	if v[0] == nil || len(v) != 3 || print(v[1]) == "" {
		return nil, false
	}
	s, old, new := print(v[0]), print(v[1]), print(v[2])
	if n := strings.Count(s, old); n > 0 && len(s)+n*(len(new)-len(old)) > longest {
		return nil, false
	}
	return strings.ReplaceAll(s, old, new), true
}
