package selector

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/matcher"
)

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// toASCII replaces each byte that is not ASCII.
func toASCII(s, with string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < 0x80 {
			b.WriteByte(s[i])
		} else {
			b.WriteString(with)
		}
	}
	return b.String()
}

// substring counts bytes as Lua does: from 1, and from the end where negative.
func (p *parser) substring(c call) (func(string) (string, bool), error) {
	if err := p.count(c, 0, 2); err != nil {
		return nil, err
	}
	first, err := p.number(c, 0, 1)
	if err != nil {
		return nil, err
	}
	last, err := p.number(c, 1, -1)
	return func(s string) (string, bool) {
		from, to := first, last
		if from < 0 {
			from = max(len(s)+from+1, 1)
		}
		if to < 0 {
			to = len(s) + to + 1
		}
		from, to = max(from, 1), min(to, len(s))
		if from > to {
			return "", true
		}
		return s[from-1 : to], true
	}, err
}

func (p *parser) ipMask(c call) (func(string) (string, bool), error) {
	if err := p.count(c, 1, 2); err != nil {
		return nil, err
	}
	four, err := p.number(c, 0, 0)
	if err != nil {
		return nil, err
	}
	six, err := p.number(c, 1, four)
	if err == nil && (four < 0 || four > 32 && len(c.args) == 2 || six < 0 || six > 128) {
		err = p.errorf(c.args[0].at, "ipmask wants 0 to 32 for IPv4 and 0 to 128 for IPv6")
	}
	return func(s string) (string, bool) {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return "", false
		}
		bits := min(four, 32)
		if ip = ip.Unmap().WithZone(""); ip.Is6() {
			bits = six
		}
		net, err := ip.Prefix(bits)
		return net.Addr().String(), err == nil
	}, err
}

// regexp gives all matches with their groups in one list.
func (p *parser) regexp(c call) (step, typ, error) {
	if err := p.count(c, 1, 1); err != nil {
		return nil, typ{}, err
	}
	re, err := readPattern(c.args[0].text)
	if err != nil {
		return nil, typ{}, p.errorf(c.args[0].at, "%v", err)
	}
	return func(in []item) []item {
		var out []item
		size := 0
		for _, x := range in {
			size += len(x.text)
		}
		budget := matcher.For(size)
		for _, x := range in {
			for _, m := range re.All(x.text, -1, budget) {
				for i := 0; i < len(m); i += 2 {
					if m[i] >= 0 {
						out = append(out, item{text: x.text[m[i]:m[i+1]]})
					}
				}
			}
		}
		return out
	}, typ{list: true}, nil
}

// readPattern reads /pattern/flags, or a pattern without slashes.
func readPattern(s string) (*matcher.Pattern, error) {
	flags := ""
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			s, flags = rest[:i], rest[i+1:]
		}
	}
	flags = strings.Map(func(r rune) rune {
		if strings.ContainsRune("urOL", r) { // how Rspamd's engine works
			return -1
		}
		return r
	}, flags)
	return matcher.Compile(s, matcher.Options{Flags: flags})
}

func (p *parser) packNumbers(c call, t typ) (step, typ, error) {
	if err := p.count(c, 0, 1); err != nil {
		return nil, t, err
	}
	if !t.list {
		return nil, t, p.errorf(c.at, "pack_numbers works on a list, not on one value")
	}
	pack, ok := packers()[c.text(0, "f")]
	if !ok {
		return nil, t, p.unknown(c.args[0].at, "format of numbers", c.args[0].text, maps.Keys(packers()))
	}
	return func(in []item) []item {
		var b []byte
		for _, x := range in {
			if n, err := strconv.ParseFloat(x.text, 64); err == nil {
				b = pack(b, n)
			}
		}
		return []item{{text: string(b)}}
	}, typ{}, nil
}
