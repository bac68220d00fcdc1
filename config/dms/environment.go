package dms

import (
	"fmt"
	"strconv"
	"strings"
)

// maxSize is the largest message size that is taken, in bytes.
const maxSize = 1 << 40

// An environment reads variables and collects what is wrong with them.
type environment struct {
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
	warnings []string
}

// warn notes a warning, once.
func (e *environment) warn(text string) {
	for _, w := range e.warnings {
		if w == text {
			return
		}
	}
	e.warnings = append(e.warnings, text)
}

// text returns a variable, or what the file holds that NAME__FILE names, less
// the line ends at its end. An empty variable is as none.
func (e *environment) text(name, byDefault string) string {
	value, _ := e.lookup(name)
	if path, ok := e.lookup(name + "__FILE"); ok && path != "" {
		if value != "" {
			e.warn(fmt.Sprintf("'%s__FILE' is ignored, for '%s' is set", name, name))
		} else if data, err := e.readFile(path); err != nil {
			e.warn(fmt.Sprintf("'%s__FILE' is ignored: %v", name, err))
		} else {
			value = strings.TrimRight(string(data), "\r\n")
		}
	}
	if value == "" {
		return byDefault
	}
	return value
}

// on reports whether a variable is 1.
func (e *environment) on(name string, byDefault bool) bool {
	return e.text(name, map[bool]string{false: "0", true: "1"}[byDefault]) == "1"
}

// flag reads a variable that is to be 0 or 1; another value is as 0.
func (e *environment) flag(name string, byDefault bool) bool {
	if value := e.text(name, "0"); value != "0" && value != "1" {
		e.warn(fmt.Sprintf("The value of '%s' (= '%s') is not 0 or 1, but was expected to be", name, value))
	}
	return e.on(name, byDefault)
}

// integer reads a variable that is to be an integer.
func (e *environment) integer(name string, byDefault int) int {
	value := e.text(name, strconv.Itoa(byDefault))
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		e.warn(fmt.Sprintf("The value of '%s' is not an integer ('%s'), but was expected to be", name, value))
		return byDefault
	}
	return int(n)
}

// size reads a number of bytes with one of the SI suffixes K, M, G and T.
func (e *environment) size(name string, byDefault int) int {
	value := e.text(name, strconv.Itoa(byDefault))
	digits, factor := value, int64(1)
	if i := strings.IndexByte("KMGT", value[len(value)-1]); i >= 0 {
		digits = value[:len(value)-1]
		for range i + 1 {
			factor *= 1000
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > maxSize/factor {
		e.warn(fmt.Sprintf("The value of '%s' (= '%s') is no size such as 25M; %d is taken", name, value, byDefault))
		return byDefault
	}
	return int(n * factor)
}
