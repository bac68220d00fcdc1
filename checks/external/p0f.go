package external

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
)

// The numbers of p0f's queries (its README, "API access").
const (
	p0fQuery, p0fReply            = 0x50304601, 0x50304602
	p0fKnown, p0fNothing          = 0x10, 0x20
	p0fSize, p0fText              = 232, 32 // bytes of a reply and of each text in it
	p0fDistance, p0fOS, p0fFlavor = 36, 40, 72
	p0fLink                       = 168
)

// askP0F asks what system the client runs. Numbers are in the host's order: p0f
// is on this machine.
func askP0F(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		query := binary.NativeEndian.AppendUint32(nil, p0fQuery)
		address := make([]byte, 16)
		if q.ip.Is4() {
			query = append(query, 4)
		} else {
			query = append(query, 6)
		}
		copy(address, q.ip.AsSlice())
		if _, err := c.Write(append(query, address...)); err != nil {
			return answer{}, err
		}
		reply := make([]byte, p0fSize)
		if _, err := io.ReadFull(c, reply); err != nil {
			return answer{}, err
		}
		return readP0F(reply)
	}
}

// readP0F makes options of a reply: the system, the kind of link if it is known,
// the distance.
func readP0F(reply []byte) (answer, error) {
	if len(reply) != p0fSize || binary.NativeEndian.Uint32(reply) != p0fReply {
		return answer{}, badReply("no reply of p0f")
	}
	switch status := binary.NativeEndian.Uint32(reply[4:]); status {
	case p0fKnown:
	case p0fNothing:
		return answer{}, nil
	default:
		return answer{}, badReply("status %#x", status)
	}
	text := func(at int) string {
		s, _, _ := bytes.Cut(reply[at:at+p0fText], []byte{0})
		return strings.Map(func(r rune) rune {
			if 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune(`-_.\() `, r) {
				return r
			}
			return -1
		}, string(s))
	}
	system := "unknown"
	if name := text(p0fOS); name != "" {
		system = name + " " + text(p0fFlavor)
	}
	a := answer{Found: true, Factor: 1, Options: []string{system}}
	if link := text(p0fLink); link != "" {
		a.Options = append(a.Options, link)
	}
	distance := int16(binary.NativeEndian.Uint16(reply[p0fDistance:]))
	a.Options = append(a.Options, fmt.Sprintf("distance:%d", distance))
	return a, nil
}
