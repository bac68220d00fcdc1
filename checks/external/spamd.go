package external

import (
	"bytes"
	"fmt"
	"net"
	"strings"
)

// askSpamd has spamd list the symbols it found (SPAMC/1.5 SYMBOLS). The factor is
// its score, which may be below zero.
func askSpamd(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		head := fmt.Appendf(nil, "SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n", len(q.data))
		reply, err := exchange(c, head, q.data)
		if err != nil {
			return answer{}, err
		}
		return readSpamd(reply)
	}
}

// readSpamd reads a reply such as
//
//	SPAMD/1.1 0 EX_OK
//	Content-length: 27
//	Spam: True ; 7.5 / 5.0
//
//	GTUBE,NO_RECEIVED,NO_RELAYS
func readSpamd(reply []byte) (answer, error) {
	head, body, _ := bytes.Cut(reply, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	if status := strings.Fields(lines[0]); len(status) < 2 || !strings.HasPrefix(status[0], "SPAMD/") || status[1] != "0" {
		return answer{}, badReply("%.60q", lines[0])
	}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		if !strings.EqualFold(name, "Spam") {
			continue
		}
		_, sum, ok := strings.Cut(value, ";")
		score, _, _ := strings.Cut(sum, "/")
		points, fine := number(score)
		if !ok || !fine {
			return answer{}, badReply("%.60q", l)
		}
		a := answer{Found: true, Factor: points}
		if text := strings.TrimSpace(string(body)); text != "" {
			a.Options = strings.Split(text, ",")
		}
		return a, nil
	}
	return answer{}, badReply("no line Spam in the reply")
}
