package mail

import (
	"math"
	"strconv"
	"strings"
)

// cutNumber reads the number at the beginning of s.
func cutNumber(s string) (n float64, rest string, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := 0
	for dot := false; i < len(s); i++ {
		if digitByte(s[i]) {
			digits++
		} else if s[i] == '.' && !dot {
			dot = true
		} else {
			break
		}
	}
	if digits == 0 || i > 32 {
		return 0, s, false
	}
	n, err := strconv.ParseFloat(s[:i], 64)
	return n, s[i:], err == nil
}

// parseLength reads a CSS length and returns it in whole pixels, rounded
// down; a percentage is returned negative.
func parseLength(s string) (int16, bool) {
	n, unit, ok := cutNumber(s)
	if !ok {
		return 0, false
	}
	if i := strings.IndexAny(unit, " !,;"); i >= 0 {
		unit = unit[:i]
	}
	switch unit {
	case "%":
		return int16(math.Max(-n, -100)), true
	case "em", "rem", "pc":
		n *= 16
	case "ex", "wv", "vmax":
		n *= 8
	case "wh", "vmin":
		n *= 6
	case "pt":
		n *= 96.0 / 72
	case "cm":
		n *= 96 / 2.54
	case "mm":
		n *= 9.6 / 2.54
	case "in":
		n *= 96
	}
	return int16(math.Min(math.Max(n, 0), 127)), true
}

// lastColor returns the last colour named in a value.
func lastColor(value string) (c Color, ok bool) {
	for value = strings.TrimSpace(value); value != ""; value = strings.TrimLeft(value, " \t\r\n,") {
		n := strings.IndexAny(value, " \t\r\n!(")
		if n >= 0 && value[n] == '(' {
			if n = strings.IndexByte(value, ')'); n >= 0 {
				n++
			}
		}
		if n < 0 {
			n = len(value)
		}
		if n == 0 {
			n = 1
		}
		if v, good := parseColor(value[:n]); good {
			c, ok = v, true
		}
		value = value[n:]
	}
	return c, ok
}

// parseColor reads one colour, lower case: a name, #rgb, #rrggbb, #rrggbbaa,
// rgb(), rgba(), hsl() or hsla().
func parseColor(s string) (Color, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Color{}, false
	}
	if s[0] == '#' {
		return hexColor(s[1:])
	}
	if name, args, ok := strings.Cut(s, "("); ok {
		return functionColor(name, strings.TrimSuffix(args, ")"))
	}
	if s == "transparent" {
		return Color{Set: true}, true
	}
	if v, ok := namedColor(s); ok {
		return Color{byte(v >> 16), byte(v >> 8), byte(v), 255, true}, true
	}
	return Color{}, false
}

func hexColor(s string) (Color, bool) {
	for i := range len(s) {
		if !hexByte(s[i]) {
			return Color{}, false
		}
	}
	two := func(i int) byte { return hexValue(s[i])<<4 | hexValue(s[i+1]) }
	one := func(i int) byte { return hexValue(s[i]) * 17 }
	switch len(s) {
	case 3:
		return Color{one(0), one(1), one(2), 255, true}, true
	case 6:
		return Color{two(0), two(2), two(4), 255, true}, true
	case 8:
		return Color{two(0), two(2), two(4), two(6), true}, true
	}
	return Color{}, false
}

func functionColor(name, args string) (Color, bool) {
	var v [4]float64
	var percent [4]bool
	n := 0
	for _, f := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' || r == '/' }) {
		x, unit, ok := cutNumber(f)
		if !ok || n == len(v) {
			return Color{}, false
		}
		v[n], percent[n] = x, strings.HasPrefix(unit, "%")
		n++
	}
	if n < 3 {
		return Color{}, false
	}
	c := Color{A: 255, Set: true}
	if n == 4 {
		a := v[3]
		if percent[3] {
			a /= 100
		}
		c.A = byte(math.Round(math.Min(math.Max(a, 0), 1) * 255))
	}
	switch name {
	case "rgb", "rgba":
		for i := range 3 {
			if percent[i] {
				v[i] *= 2.55
			}
			v[i] = math.Min(math.Max(v[i], 0), 255)
		}
		c.R, c.G, c.B = byte(v[0]), byte(v[1]), byte(v[2])
	case "hsl", "hsla":
		c.R, c.G, c.B = hslToRGB(v[0], v[1]/100, v[2]/100)
	default:
		return Color{}, false
	}
	return c, true
}

// hslToRGB converts hue in degrees, saturation and lightness in [0,1].
func hslToRGB(h, s, l float64) (r, g, b byte) {
	h = math.Mod(math.Mod(h, 360)+360, 360)
	s, l = math.Min(math.Max(s, 0), 1), math.Min(math.Max(l, 0), 1)
	a := s * math.Min(l, 1-l)
	f := func(n float64) byte {
		k := math.Mod(n+h/30, 12)
		return byte(math.Round(255 * (l - a*math.Max(-1, math.Min(math.Min(k-3, 9-k), 1)))))
	}
	return f(0), f(8), f(4)
}
