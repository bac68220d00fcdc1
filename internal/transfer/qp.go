package transfer

import "bytes"

// QuotedPrintable decodes src (RFC 2045 section 6.7). Bad escapes are kept as
// they stand, as Rspamd does; soft line breaks may have white space before
// the line end; white space at the end of a line is dropped, as the RFC asks.
// clean is false if an escape was bad.
func QuotedPrintable(src []byte) (dst []byte, clean bool) {
	return appendQP(make([]byte, 0, len(src)), src, nil)
}

func appendQP(dst, src []byte, at func(out, in int)) (_ []byte, clean bool) {
	clean = true
	for i := 0; i < len(src); {
		eq := bytes.IndexByte(src[i:], '=')
		if eq < 0 {
			eq = len(src) - i
		}
		if eq > 0 {
			dst = appendTrimmed(dst, src, i, i+eq, at)
			i += eq
			continue
		}
		if i+2 < len(src) {
			hi, lo := unhex(src[i+1]), unhex(src[i+2])
			if hi < 16 && lo < 16 {
				if at != nil {
					at(len(dst), i)
				}
				dst = append(dst, hi<<4|lo)
				i += 3
				continue
			}
		}
		if n := softBreak(src[i+1:]); n >= 0 {
			i += 1 + n
			continue
		}
		clean = false
		if at != nil {
			at(len(dst), i)
		}
		dst = append(dst, '=')
		i++
	}
	return dst, clean
}

// softBreak returns the length of optional white space and a line end (or the
// end of data after at least one byte) at the start of s, else -1.
func softBreak(s []byte) int {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	switch {
	case i == len(s):
		if i == 0 {
			return -1
		}
		return i
	case s[i] == '\n':
		return i + 1
	case s[i] == '\r':
		if i+1 < len(s) && s[i+1] == '\n' {
			return i + 2
		}
		return i + 1
	}
	return -1
}

// appendTrimmed copies src[i:end] without white space before line ends.
func appendTrimmed(dst, src []byte, i, end int, at func(out, in int)) []byte {
	for i < end {
		stop, next := end, end
		if nl := bytes.IndexByte(src[i:end], '\n'); nl >= 0 {
			stop, next = i+nl, i+nl+1
			if stop > i && src[stop-1] == '\r' {
				stop--
			}
			text := i + len(bytes.TrimRight(src[i:stop], " \t"))
			if text < stop {
				if at != nil {
					at(len(dst), i)
				}
				dst = append(dst, src[i:text]...)
				i = stop
			}
		}
		if at != nil {
			at(len(dst), i)
		}
		dst = append(dst, src[i:next]...)
		i = next
	}
	return dst
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

// Q decodes the Q encoding of RFC 2047: an underscore is a space, a bad escape
// is kept.
func Q(dst []byte, src string) []byte {
	for i := 0; i < len(src); i++ {
		switch c := src[i]; c {
		case '_':
			dst = append(dst, ' ')
		case '=':
			if i+2 < len(src) {
				hi, lo := unhex(src[i+1]), unhex(src[i+2])
				if hi < 16 && lo < 16 {
					dst = append(dst, hi<<4|lo)
					i += 2
					continue
				}
			}
			dst = append(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
