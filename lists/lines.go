package lists

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// A LineError says what is wrong with a line of a list. The rest of the list is
// used.
type LineError struct {
	Source string // the file or address, "" for lines of the definition
	Line   int    // counted from 1
	Err    error
}

func (e *LineError) Error() string {
	if e.Source == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Source, e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// What is wrong with lines.
var (
	errQuote   = errors.New("a quoted key has no end")
	errSlash   = errors.New("a regular expression has no end")
	errTooLong = errors.New("the line is too long")
)

// eachLine calls f with the lines of data, which end with a line feed, a
// carriage return or both, without their ends; n counts from 1.
func eachLine(data []byte, f func(n int, line []byte)) {
	for n := 1; len(data) > 0; n++ {
		line := data
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			line, data = data[:end], data[end+1:]
		} else {
			data = nil
		}
		for part := range bytes.SplitSeq(line, []byte{'\r'}) {
			f(n, part)
		}
	}
}

// parseLine reads one line as Rspamd 4.1.6 does: a key, and a value behind
// white space; # begins a comment. A key in quotes may hold anything, and a key
// that begins with a slash reaches to the next one and what stands beside that.
// ok is false for a line without a key. A key that patterns have and that lacks
// its end is an error; for other kinds it is a key like any other.
func parseLine(line []byte, patterns bool) (key, value []byte, ok bool, err error) {
	line = bytes.TrimLeft(line, blank)
	if len(line) == 0 {
		return nil, nil, false, nil
	}
	switch line[0] {
	case '#':
		return nil, nil, false, nil
	case '"':
		end := closing(line, '"')
		if end < 0 {
			return nil, nil, false, errQuote
		}
		return bytes.Trim(line[1:end], blank), valueOf(line[end+1:]), true, nil
	case '/':
		end := closing(line, '/')
		if end < 0 && patterns {
			return nil, nil, false, errSlash
		}
		if end >= 0 {
			end += plain(line[end:], false)
			return line[:end], valueOf(line[end:]), true, nil
		}
	}
	end := plain(line, true)
	return line[:end], valueOf(line[end:]), end > 0, nil
}

// blank is the white space of lines.
const blank = " \t\v\f"

// closing returns where the delimiter that the line begins with stands again,
// -1 if nowhere; a backslash hides what is behind it.
func closing(line []byte, delimiter byte) int {
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case delimiter:
			return i
		}
	}
	return -1
}

// plain returns how long the key is that the line begins with. In a plain key a
// backslash hides a comment's sign.
func plain(line []byte, escapes bool) int {
	for i, c := range line {
		if strings.IndexByte(blank, c) >= 0 || c == '#' && !(escapes && i > 0 && line[i-1] == '\\') {
			return i
		}
	}
	return len(line)
}

// valueOf returns the value that stands behind a key.
func valueOf(rest []byte) []byte {
	if end := bytes.IndexByte(rest, '#'); end >= 0 {
		rest = rest[:end]
	}
	return bytes.Trim(rest, blank)
}
