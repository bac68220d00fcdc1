package external

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
)

// askRspamd posts the message to /checkv2. The factor is the other's score, the
// options are its action and the five symbols that count most.
func askRspamd(_ *Rule, q *question) func(net.Conn) (answer, error) {
	return func(c net.Conn) (answer, error) {
		req, err := http.NewRequest(http.MethodPost, "http://"+q.server+"/checkv2", bytes.NewReader(q.data))
		if err != nil {
			return answer{}, err
		}
		req.Close = true
		for name, value := range map[string]string{
			"IP": ipText(q.client.IP), "Helo": line(q.client.Helo), "Hostname": line(q.client.Name), "From": line(q.env.From),
			"User": line(q.env.User), "Queue-Id": line(q.env.QueueID),
		} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		for _, r := range q.env.Rcpts {
			req.Header.Add("Rcpt", line(r))
		}
		if err := req.Write(c); err != nil {
			return answer{}, err
		}
		res, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxReply)), req)
		if err != nil {
			return answer{}, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return answer{}, badReply("HTTP %d", res.StatusCode)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return answer{}, err
		}
		return readRspamd(body)
	}
}

func readRspamd(body []byte) (answer, error) {
	type symbol struct {
		Name  string
		Score float64
	}
	var reply struct {
		Score   *float64
		Action  string
		Symbols map[string]symbol
	}
	if err := json.Unmarshal(body, &reply); err != nil || reply.Score == nil || reply.Action == "" {
		return answer{}, badReply("no verdict in the reply")
	}
	a := answer{Found: true, Factor: max(-1e6, min(*reply.Score, 1e6)), Options: []string{reply.Action}}
	var top []symbol
	for name, s := range reply.Symbols {
		if s.Score != 0 {
			top = append(top, symbol{name, s.Score})
		}
	}
	slices.SortFunc(top, func(x, y symbol) int {
		return cmp.Or(cmp.Compare(max(y.Score, -y.Score), max(x.Score, -x.Score)), cmp.Compare(x.Name, y.Name))
	})
	for _, s := range top[:min(len(top), 5)] {
		a.Options = append(a.Options, s.Name)
	}
	return a, nil
}
