package selector

import (
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
)

// time makes the extractor of the date, in seconds or in a format of strftime.
func (p *parser) time(c call) (extraction, typ, error) {
	if err := p.count(c, 0, 2); err != nil {
		return nil, typ{}, err
	}
	if err := p.oneOf(c, 0, "connect", "message"); err != nil {
		return nil, typ{}, err
	}
	connect, format := c.text(0, "message") == "connect", strings.TrimPrefix(c.text(1, ""), "!")
	if i := badVerb(format); i >= 0 {
		return nil, typ{}, p.errorf(c.args[1].at, "%%%c is no known format of a time", format[i])
	}
	return func(t *checks.Task) []item {
		when := t.Now()
		if !connect {
			var ok bool
			if when, ok = t.Message().Date(); !ok {
				return nil
			}
		}
		if format == "" {
			return texts(strconv.FormatInt(when.Unix(), 10))
		}
		return texts(strftime(when.UTC(), format))
	}, typ{}, nil
}

// verbs are those of strftime that are known, with what package time has for
// them.
func verbs() map[byte]string {
	return map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan",
		'B': "January", 'j': "002", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'x': "01/02/06", 'X': "15:04:05", 'c': "Mon Jan _2 15:04:05 2006",
		'Z': "MST", 'z': "-0700", 'n': "\n", 't': "\t", '%': "%",
	}
}

// badVerb returns the place of a letter that is no verb, -1 if there is none.
func badVerb(format string) int {
	known := verbs()
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		if i == len(format) {
			return i - 1
		}
		if c := format[i]; known[c] == "" && c != 's' && c != 'u' && c != 'w' {
			return i
		}
	}
	return -1
}

func strftime(t time.Time, format string) string {
	known := verbs()
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case 'u':
			b.WriteString(strconv.Itoa((int(t.Weekday())+6)%7 + 1))
		default:
			b.WriteString(t.Format(known[c]))
		}
	}
	return b.String()
}
