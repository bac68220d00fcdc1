package ucl

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// number reads the number that begins here, if the whole value is one: else ok
// is false and nothing was read, and the value is a string. Suffixes are of
// sizes (k, m, g: thousands; kb, mb, gb: times 1024) and of times (ms, s, min,
// h, d, w, y, ks), in any case.
func (c *chunk) number(v *Value) (ok bool, err error) {
	start := c.pos
	n := numberEnd(c.text[start:c.end])
	if n == 0 {
		return false, nil
	}
	num, err := parseNumber(c.text[start : start+n])
	if errors.Is(err, strconv.ErrRange) {
		return false, c.fail(start, NumberRange, "the number %s is out of range", short(c.text[start:start+n]))
	}
	end := start + n
	suffix := end
	for suffix < c.end && (c.text[suffix]|0x20) >= 'a' && (c.text[suffix]|0x20) <= 'z' && suffix-end < 4 {
		suffix++
	}
	if err != nil || !num.scale(c.text[end:suffix]) {
		return false, nil
	}
	end = suffix
	for suffix == start+n && end < c.end && isBlank(c.text[end]) {
		end++ // blanks may follow a number without suffix
	}
	if end < c.end && !endsValue(c.text[end]) {
		return false, nil
	}
	if num.over {
		return false, c.fail(start, NumberRange, "the number %s is out of range", c.text[start:suffix])
	}
	c.pos = suffix
	v.Kind, v.Int, v.Float = num.kind, num.i, num.f
	return true, nil
}

// num is a number that is being read.
type num struct {
	kind Kind
	i    int64
	f    float64
	over bool
}

// numberEnd is how many bytes of s look like a number without suffix, zero
// when it is none.
func numberEnd(s string) int {
	i := 0
	if strings.HasPrefix(s, "-") {
		i++
	}
	digits := func(hex bool) (n int) {
		for i < len(s) && (isDigit(s[i]) || hex && (s[i]|0x20) >= 'a' && (s[i]|0x20) <= 'f') {
			i++
			n++
		}
		return n
	}
	first := digits(false)
	if first == 0 {
		return 0
	}
	if first == 1 && s[i-1] == '0' && i+1 < len(s) && s[i]|0x20 == 'x' {
		i++
		if digits(true) == 0 {
			return 0
		}
		return i
	}
	if i < len(s) && s[i] == '.' {
		i++
		digits(false)
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		mark := i
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits(false) == 0 {
			i = mark
		}
	}
	return i
}

// parseNumber turns what numberEnd found into a number. The smallest integer
// is out of range, as it is for libucl.
func parseNumber(s string) (num, error) {
	abs := strings.TrimPrefix(s, "-")
	if strings.HasPrefix(abs, "0x") || strings.HasPrefix(abs, "0X") {
		n, err := strconv.ParseInt(abs[2:], 16, 64)
		return num{kind: Int, i: sign(s, n)}, err
	}
	if strings.ContainsAny(s, ".eE") {
		f, err := strconv.ParseFloat(s, 64)
		return num{kind: Float, f: f}, err
	}
	n, err := strconv.ParseInt(abs, 10, 64)
	return num{kind: Int, i: sign(s, n)}, err
}

func sign(s string, n int64) int64 {
	if s[0] == '-' {
		return -n
	}
	return n
}

// scale applies a suffix; it says whether there is such a one. A fraction with
// a suffix of bytes is kept, where libucl cuts it before it multiplies.
func (n *num) scale(suffix string) bool {
	switch strings.ToLower(suffix) {
	case "":
	case "k":
		n.times(1000)
	case "m":
		n.times(1e6)
	case "g":
		n.times(1e9)
	case "kb":
		n.bytes(1 << 10)
	case "mb":
		n.bytes(1 << 20)
	case "gb":
		n.bytes(1 << 30)
	case "ms":
		n.seconds(1e-3)
	case "s":
		n.seconds(1)
	case "min":
		n.seconds(60)
	case "h":
		n.seconds(3600)
	case "d":
		n.seconds(86400)
	case "w":
		n.seconds(7 * 86400)
	case "y":
		n.seconds(365 * 86400)
	case "ks":
		n.seconds(1e3)
	default:
		return false
	}
	return true
}

func (n *num) times(factor int64) {
	if n.kind == Float {
		n.f *= float64(factor)
		return
	}
	if n.i > math.MaxInt64/factor || n.i < -math.MaxInt64/factor {
		n.over = true
	}
	n.i *= factor
}

func (n *num) bytes(factor int64) {
	n.times(factor)
	if n.kind == Float {
		n.over = math.Abs(n.f) >= 1<<63
		n.kind, n.i, n.f = Int, int64(n.f), 0
	}
}

func (n *num) seconds(factor float64) {
	if n.kind == Int {
		n.f = float64(n.i)
	}
	if factor == 1e-3 {
		n.f /= 1000
	} else {
		n.f *= factor
	}
	n.kind, n.i = Seconds, 0
}

// short cuts a text for a message.
func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
