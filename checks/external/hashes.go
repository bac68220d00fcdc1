package external

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
)

// askRazor speaks to razorfy: the message goes in, "spam" or "ham" comes out.
func askRazor(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		reply, err := exchange(c, q.data)
		if err != nil {
			return answer{}, err
		}
		switch word := strings.TrimSpace(string(reply)); word {
		case "spam":
			return answer{Found: true, Factor: 1}, nil
		case "ham":
			return answer{}, nil
		default:
			return answer{}, badReply("%.40q", word)
		}
	}
}

// askPyzor speaks to a socket that runs "pyzor check" for each connection.
func askPyzor(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		reply, err := exchange(c, q.data)
		if err != nil {
			return answer{}, err
		}
		return readPyzor(reply)
	}
}

// readPyzor reads what pyzor prints, tabs between server, reply, reports and
// reports of good mail:
//
//	public.pyzor.example:24441	(200, 'OK')	17	1
//
// The factor is how much reports outweigh those of good mail, as Rspamd has it.
func readPyzor(reply []byte) (answer, error) {
	first, _, _ := bytes.Cut(bytes.TrimSpace(reply), []byte("\n"))
	fields := strings.Split(string(first), "\t")
	if len(fields) < 4 || fields[1] != "(200, 'OK')" {
		return answer{}, badReply("%.60q", first)
	}
	spam, err := strconv.ParseUint(strings.TrimSpace(fields[2]), 10, 32)
	if err != nil {
		return answer{}, badReply("%.60q", first)
	}
	ham, err := strconv.ParseUint(strings.TrimSpace(fields[3]), 10, 32)
	if err != nil {
		return answer{}, badReply("%.60q", first)
	}
	if spam <= ham {
		return answer{}, nil
	}
	share := (float64(spam) - float64(ham)) / (float64(spam) + float64(ham))
	return answer{Found: true, Factor: math.Round(share*100) / 100, Options: []string{fmt.Sprintf("bl_%d_wl_%d", spam, ham)}}, nil
}
