package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// MarshalText writes "name ttl TYPE data", a line of a zone file (RFC 1035
// section 5.1).
func (r Record) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%s %d %s %s", Canonical(r.Name), r.TTL, TypeString(r.Type), r.data()), nil
}

// UnmarshalText reads what MarshalText wrote; the TTL may be missing.
func (r *Record) UnmarshalText(text []byte) error {
	rec, err := ParseRecord(string(text))
	if err == nil {
		*r = rec
	}
	return err
}

func (r Record) data() string {
	switch r.Type {
	case TypeA, TypeAAAA:
		return r.IP.String()
	case TypeMX:
		return strconv.Itoa(int(r.Preference)) + " " + Canonical(r.Host)
	case TypeTXT:
		quoted := make([]string, len(r.Strings))
		for i, s := range r.Strings {
			quoted[i] = quote(s)
		}
		return strings.Join(quoted, " ")
	case TypeSOA:
		return fmt.Sprintf("%s %s %d %d %d %d %d", Canonical(r.Host), Canonical(r.Mailbox),
			r.Serial, r.Refresh, r.Retry, r.Expire, r.Minimum)
	}
	return Canonical(r.Host)
}

func quote(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\%03d`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// ParseRecord reads "name [ttl] TYPE data". Without a TTL it is 300.
func ParseRecord(line string) (Record, error) {
	fields, err := Fields(line)
	if err != nil {
		return Record{}, err
	}
	return RecordOf(fields)
}

// A Token is one word of a zone file's line; Quoted tells that it stood in
// quotes.
type Token struct {
	Text   string
	Quoted bool
}

// Fields splits a line of a zone file into words and quoted strings, escapes
// in quoted strings resolved. A comment (";" or "#" at a word's beginning)
// ends the line.
func Fields(line string) ([]Token, error) {
	var out []Token
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == ';' || c == '#':
			return out, nil
		case c == '"':
			text, n, err := unquote(line[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, Token{text, true})
			i += n
		default:
			end := i
			for end < len(line) && !strings.ContainsRune(" \t\r\n\";", rune(line[end])) {
				if line[end] == '\\' && end+1 < len(line) {
					end++
				}
				end++
			}
			out = append(out, Token{Text: line[i:end]})
			i = end
		}
	}
	return out, nil
}

// unquote reads a quoted string at the start of s and returns it with its
// length in s.
func unquote(s string) (string, int, error) {
	var b []byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return string(b), i + 1, nil
		case c != '\\':
			b = append(b, c)
		case i+3 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]) && isDigit(s[i+3]):
			n := int(s[i+1]-'0')*100 + int(s[i+2]-'0')*10 + int(s[i+3]-'0')
			if n > 255 {
				return "", 0, fmt.Errorf(`escape \%d is no byte`, n)
			}
			b = append(b, byte(n))
			i += 3
		case i+1 < len(s):
			i++
			b = append(b, s[i])
		}
	}
	return "", 0, errors.New("quoted string without end")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// RecordOf makes a record of a line's words.
func RecordOf(fields []Token) (Record, error) {
	if len(fields) < 2 || fields[0].Quoted {
		return Record{}, errors.New("want name [ttl] TYPE data")
	}
	r := Record{Name: Canonical(fields[0].Text), TTL: 300}
	rest := fields[1:]
	if ttl, err := strconv.ParseUint(rest[0].Text, 10, 32); err == nil && !rest[0].Quoted {
		r.TTL, rest = uint32(ttl), rest[1:]
	}
	if len(rest) > 0 && strings.EqualFold(rest[0].Text, "IN") {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return Record{}, errors.New("no type")
	}
	var ok bool
	if r.Type, ok = ParseType(rest[0].Text); !ok || rest[0].Quoted {
		return Record{}, fmt.Errorf("unknown type %q", rest[0].Text)
	}
	return r, r.setData(rest[1:])
}

func (r *Record) setData(data []Token) error {
	kind := TypeString(r.Type)
	want := 1
	switch r.Type {
	case TypeMX:
		want = 2
	case TypeSOA:
		want = 7
	case TypeTXT:
		want = max(1, len(data))
	}
	if len(data) != want {
		return fmt.Errorf("%s wants %d words of data, not %d", kind, want, len(data))
	}
	if r.Type != TypeTXT && slices.ContainsFunc(data, func(t Token) bool { return t.Quoted }) {
		return fmt.Errorf("%s has no quoted data", kind)
	}
	var err error
	switch r.Type {
	case TypeA, TypeAAAA:
		r.IP, err = netip.ParseAddr(data[0].Text)
		if err != nil || r.IP.Is4() != (r.Type == TypeA) || r.IP.Zone() != "" {
			return fmt.Errorf("%q is no %s address", data[0].Text, kind)
		}
	case TypeCNAME, TypeNS, TypePTR:
		r.Host = Canonical(data[0].Text)
	case TypeMX:
		n, err := strconv.ParseUint(data[0].Text, 10, 16)
		if err != nil {
			return fmt.Errorf("%q is no MX preference", data[0].Text)
		}
		r.Preference, r.Host = uint16(n), Canonical(data[1].Text)
	case TypeTXT:
		for _, d := range data {
			r.Strings = append(r.Strings, d.Text)
		}
	case TypeSOA:
		r.Host, r.Mailbox = Canonical(data[0].Text), Canonical(data[1].Text)
		for i, n := range []*uint32{&r.Serial, &r.Refresh, &r.Retry, &r.Expire, &r.Minimum} {
			v, err := strconv.ParseUint(data[2+i].Text, 10, 32)
			if err != nil {
				return fmt.Errorf("%q is no number of an SOA record", data[2+i].Text)
			}
			*n = uint32(v)
		}
	default:
		return fmt.Errorf("records of type %s are not supported", kind)
	}
	return nil
}
