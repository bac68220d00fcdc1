package mail

import (
	"strings"
	"time"
)

// looseDate reads the parts of a date in their order, whatever stands between
// them.
func looseDate(s string) (time.Time, bool) {
	clean, _ := stripComments(s)
	r := &dateReader{clean}
	r.junk()
	if w := r.word(); w != "" {
		if len(w) < 3 || nameIndex(weekdayNames, titleCase(w[:3])) == 0 {
			return time.Time{}, false
		}
		r.junk()
	}
	day, ok := r.number(1, 2)
	if !ok || day == 0 || day > 31 {
		return time.Time{}, false
	}
	r.junk()
	month := r.looseMonth()
	r.junk()
	year, ok := r.number(2, 4)
	if month == 0 || !ok {
		return time.Time{}, false
	}
	r.junk()
	hour, min, sec, ok := r.looseClock()
	if !ok {
		return time.Time{}, false
	}
	return makeDate(fullYear(year), month, day, hour, min, sec, r.looseZone()), true
}

// asctimeDate reads the form of C's asctime, "Mon Nov  2 10:00:00 2026",
// perhaps with a zone before the year.
func asctimeDate(s string) (time.Time, bool) {
	clean, _ := stripComments(s)
	r := &dateReader{clean}
	r.junk()
	if w := r.word(); len(w) < 3 || nameIndex(weekdayNames, titleCase(w[:3])) == 0 {
		return time.Time{}, false
	}
	r.junk()
	month := r.looseMonth()
	r.junk()
	day, ok := r.number(1, 2)
	if month == 0 || !ok || day == 0 || day > 31 {
		return time.Time{}, false
	}
	r.junk()
	hour, min, sec, ok := r.looseClock()
	if !ok {
		return time.Time{}, false
	}
	r.s = strings.TrimLeft(r.s, asciiSpace)
	zone := 0
	if r.s != "" && (asciiLetter(r.s[0]) || r.s[0] == '+' || r.s[0] == '-') {
		zone = r.looseZone()
		r.junk()
	}
	year, ok := r.number(4, 4)
	if !ok {
		return time.Time{}, false
	}
	return makeDate(year, month, day, hour, min, sec, zone), true
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// junk passes what may stand between the parts of a date.
func (r *dateReader) junk() { r.s = strings.TrimLeft(r.s, asciiSpace+",./-_\"'") }

func (r *dateReader) looseMonth() int {
	if n, ok := r.number(1, 2); ok {
		if n > 12 {
			return 0
		}
		return n
	}
	w := r.word()
	if len(w) < 3 {
		return 0
	}
	return nameIndex(monthNames, titleCase(w[:3]))
}

func (r *dateReader) looseClock() (hour, min, sec int, ok bool) {
	sep := func() { r.s = strings.TrimLeft(r.s, asciiSpace+":.") }
	if hour, ok = r.number(1, 2); !ok || hour > 23 {
		return 0, 0, 0, false
	}
	sep()
	if min, ok = r.number(1, 2); !ok || min > 59 {
		return 0, 0, 0, false
	}
	before, digits := r.s, 2
	if before != "" && (before[0] == ':' || before[0] == '.') {
		digits = 1
	}
	sep()
	if sec, ok = r.number(digits, 2); !ok {
		r.s, sec = before, 0
	} else if sec > 60 || r.s != "" && r.s[0] >= '0' && r.s[0] <= '9' { // a zone without sign
		r.s, sec = before, 0
	}
	if r.s != "" && r.s[0] == '.' { // fraction of a second
		r.s = strings.TrimLeft(r.s[1:], "0123456789")
	}
	return hour, min, sec, true
}

// looseZone reads a zone; what is none, or unknown, is UTC (RFC 5322
// section 4.3).
func (r *dateReader) looseZone() int {
	r.s = strings.TrimLeft(r.s, asciiSpace+",\"'")
	minus := false
	if w := r.word(); w != "" {
		if len(w) > 3 {
			w = w[:3]
		}
		if z, ok := zoneByName(strings.ToUpper(w)); ok && (z != 0 || r.s == "") {
			return z
		}
	}
	if minus = r.char('-'); !minus {
		r.char('+')
	}
	n, ok := r.number(1, 4)
	if !ok || n/100 > 23 || n%100 > 59 {
		return 0
	}
	if minus {
		n = -n
	}
	return n
}

func titleCase(w string) string { return strings.ToUpper(w[:1]) + strings.ToLower(w[1:]) }
