package mail

// Byte classes shared by the readers of HTML and URLs.

func digitByte(c byte) bool { return '0' <= c && c <= '9' }
func alphaByte(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func alnumByte(c byte) bool { return digitByte(c) || alphaByte(c) }
func hexByte(c byte) bool   { return digitByte(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func spaceByte(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func hexValue(c byte) byte {
	if digitByte(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func asciiOnly(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// prefixFold is strings.HasPrefix with ASCII case ignored; prefix is lower
// case.
func prefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// lowerASCII lower-cases ASCII letters and leaves the rest.
func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}
