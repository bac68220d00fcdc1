package mail

import (
	"strings"
	"time"
)

// ParseDate reads an RFC 5322 date with its obsolete forms, comments and
// usual mistakes: month as a number or in any case, dots in the time, unknown
// or missing zones (taken as UTC), trailing text, a trace header's text before
// the last semicolon. The order day, month, year must stand.
func ParseDate(s string) (time.Time, bool) {
	if t, ok := ParseSMTPDate(s); ok {
		return t, true
	}
	s = unfoldValue(s)
	if i := strings.LastIndexByte(s, ';'); i >= 0 {
		if t, ok := looseDate(s[i+1:]); ok {
			return t, true
		}
		s = s[:i]
	}
	return looseDate(s)
}

func (m *Message) date() (time.Time, bool) {
	f := m.Header().Get("Date")
	if f == nil {
		return time.Time{}, false
	}
	return ParseDate(f.Text())
}

// A dateReader takes a date apart from its front. Each method reports
// whether what it wants stood there, and passes it if so.
type dateReader struct{ s string }

func (r *dateReader) spaces() bool {
	n := 0
	for n < len(r.s) && (r.s[n] == ' ' || r.s[n] == '\t') {
		n++
	}
	r.s = r.s[n:]
	return n > 0
}

func (r *dateReader) char(c byte) bool {
	if r.s == "" || r.s[0] != c {
		return false
	}
	r.s = r.s[1:]
	return true
}

// number reads min to max digits.
func (r *dateReader) number(min, max int) (n int, ok bool) {
	i := 0
	for i < len(r.s) && i < max && r.s[i] >= '0' && r.s[i] <= '9' {
		n = n*10 + int(r.s[i]-'0')
		i++
	}
	if i < min {
		return 0, false
	}
	r.s = r.s[i:]
	return n, true
}

// word reads ASCII letters.
func (r *dateReader) word() string {
	i := 0
	for i < len(r.s) && (r.s[i]|0x20) >= 'a' && (r.s[i]|0x20) <= 'z' {
		i++
	}
	w := r.s[:i]
	r.s = r.s[i:]
	return w
}

const (
	monthNames   = "JanFebMarAprMayJunJulAugSepOctNovDec"
	weekdayNames = "MonTueWedThuFriSatSun"
)

// nameIndex returns which of the three-letter names w is, from 1; 0 for none.
func nameIndex(names, w string) int {
	if len(w) != 3 {
		return 0
	}
	for i := 0; i < len(names); i += 3 {
		if names[i:i+3] == w {
			return i/3 + 1
		}
	}
	return 0
}

// ParseSMTPDate reads a date as strictly as Rspamd 4.1.6, which raises
// INVALID_DATE for all others: RFC 5322 section 3.3 with two- and three-digit
// years, the zone names of RFC 822, and comments only at the end.
func ParseSMTPDate(s string) (time.Time, bool) {
	r := &dateReader{s}
	r.spaces()
	if w := r.word(); w != "" {
		if nameIndex(weekdayNames, w) == 0 || !r.char(',') {
			return time.Time{}, false
		}
		r.spaces()
	}
	day, ok := r.number(1, 2)
	if !ok || day == 0 || day > 31 || !r.spaces() {
		return time.Time{}, false
	}
	month := nameIndex(monthNames, r.word())
	if month == 0 || !r.spaces() {
		return time.Time{}, false
	}
	year, ok := r.number(2, 4)
	if !ok || !r.spaces() {
		return time.Time{}, false
	}
	hour, min, sec, ok := r.clock()
	if !ok || !r.spaces() {
		return time.Time{}, false
	}
	zone, ok := r.zone()
	if !ok || !r.onlyComments() {
		return time.Time{}, false
	}
	return makeDate(fullYear(year), month, day, hour, min, sec, zone), true
}

func (r *dateReader) clock() (hour, min, sec int, ok bool) {
	if hour, ok = r.number(2, 2); !ok || hour > 23 || !r.char(':') {
		return 0, 0, 0, false
	}
	if min, ok = r.number(2, 2); !ok || min > 59 {
		return 0, 0, 0, false
	}
	if r.char(':') {
		if sec, ok = r.number(2, 2); !ok || sec > 60 {
			return 0, 0, 0, false
		}
	}
	return hour, min, sec, true
}

// zone reads "+hhmm" or an obsolete name; the result is in hours*100+minutes.
func (r *dateReader) zone() (int, bool) {
	if minus := r.char('-'); minus || r.char('+') {
		n, ok := r.number(4, 4)
		if minus {
			n = -n
		}
		return n, ok
	}
	w := r.word()
	if len(w) == 1 {
		return 0, w != "j" && w != "J"
	}
	return zoneByName(w)
}

// zoneByName knows the zones of RFC 822.
func zoneByName(w string) (int, bool) {
	switch w {
	case "UT", "GMT":
		return 0, true
	case "EDT":
		return -400, true
	case "EST", "CDT":
		return -500, true
	case "CST", "MDT":
		return -600, true
	case "MST", "PDT":
		return -700, true
	case "PST":
		return -800, true
	}
	return 0, false
}

// onlyComments reports whether nothing but comments is left.
func (r *dateReader) onlyComments() bool {
	for r.spaces(); r.s != ""; r.spaces() {
		end := -1
		if r.s[0] == '(' {
			end = commentEnd(r.s, 0)
		}
		if end < 0 {
			return false
		}
		r.s = r.s[end+1:]
	}
	return true
}

// fullYear reads years of fewer than four digits as RFC 5322 section 4.3.
func fullYear(y int) int {
	switch {
	case y < 50:
		return y + 2000
	case y < 1000:
		return y + 1900
	}
	return y
}

func makeDate(year, month, day, hour, min, sec, zone int) time.Time {
	offset := zone/100*3600 + zone%100*60
	loc := time.UTC
	if offset != 0 {
		loc = time.FixedZone("", offset)
	}
	return time.Date(year, time.Month(month), day, hour, min, sec, 0, loc)
}
