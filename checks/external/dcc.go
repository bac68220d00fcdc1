package external

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// many is what DCC's "many" counts as.
const many = 999999

// askDCC speaks dccifd's protocol: options, client, HELO, sender and recipients,
// a line each, an empty line and the message.
func askDCC(r *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		client := cmp.Or(ipText(q.client.IP), "0.0.0.0")
		if q.client.Name != "" {
			client += "\r" + line(q.client.Name)
		}
		head := fmt.Appendf(nil, "header\n%s\n%s\n%s\n", client, line(q.client.Helo), line(q.sender))
		for _, rcpt := range q.env.Rcpts {
			head = append(head, line(rcpt)+"\n"...)
		}
		reply, err := exchange(c, append(head, '\n'), q.data)
		if err != nil {
			return answer{}, err
		}
		return readDCC(reply, r)
	}
}

// readDCC reads the result, what it is for each recipient, and the X-DCC field:
//
//	A
//	AA
//	X-DCC-example-Metrics: mx.example.org 1234; Body=many Fuz1=2 Fuz2=many rep=90%
func readDCC(reply []byte, r *Rule) (answer, error) {
	lines := strings.SplitN(string(bytes.ReplaceAll(reply, []byte("\r"), nil)), "\n", 4)
	if len(lines) < 3 {
		return answer{}, badReply("the reply has %d lines", len(lines))
	}
	_, counts, _ := strings.Cut(lines[2], ";")
	counts = strings.TrimSpace(counts)
	switch lines[0] {
	case "R":
		return answer{Found: true, Factor: 1, Options: []string{counts}}, nil
	case "T":
		return answer{}, badReply("temporary failure")
	case "A":
		return bulkOf(counts, r), nil
	case "G", "S":
		return answer{}, nil
	}
	return answer{}, badReply("result %.20q", lines[0])
}

// bulkOf adds a third for each of the three checksums that many have reported,
// times the client's reputation in percent, if it has one.
func bulkOf(counts string, r *Rule) answer {
	var a answer
	bulk := cmp.Or(r.Bulk, many)
	limits := map[string]int{"body": bulk, "fuz1": cmp.Or(r.Fuz1, bulk), "fuz2": cmp.Or(r.Fuz2, bulk)}
	reputation := 1.0
	seen := map[string]bool{} // a checksum counts once
	for _, word := range strings.Fields(strings.ToLower(counts)) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "rep":
			if n, ok := number(strings.TrimSuffix(value, "%")); ok && n >= 0 && n <= 100 {
				reputation = n / 100
			}
		case "body", "fuz1", "fuz2":
			n, err := strconv.Atoi(value)
			if value == "many" {
				n, err = many, nil
			}
			if err == nil && n >= limits[name] && !seen[name] {
				seen[name] = true
				a.Options = append(a.Options, word)
			}
		}
	}
	a.Factor = reputation * float64(len(a.Options)) / 3
	a.Bulk = a.Factor > 0
	return a
}
