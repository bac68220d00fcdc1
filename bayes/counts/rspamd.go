package counts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A rspamd reads rspamadm statistics_dump, as of Rspamd 3.4 to 4.1, which has a
// line for each of Redis's keys with the key's fields as an object, and with -j one
// object around them. The new schema alone is read: the hash of the table has
// learns_spam and learns_ham, that of a token S and H.
type rspamd struct {
	d     *Dump
	table string
}

func (p *rspamd) line(line []byte) error {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0, string(line) == "}}":
		return nil
	case line[0] == '{':
		return p.head(line)
	}
	line = bytes.TrimSuffix(line, []byte(","))
	var one map[string]json.RawMessage
	if err := json.Unmarshal(append(append([]byte{'{'}, line...), '}'), &one); err != nil || len(one) != 1 {
		return errors.New(`not a key with its fields; a compressed dump has to be unpacked (zstd -d), and one that was made with -C can't be read`)
	}
	for key, value := range one {
		if value[0] == '[' {
			return nil // The names of tables.
		}
		return p.key(key, value)
	}
	return nil
}

// head reads the first line with -j: {"pattern": "RS", "meta": {…}, "elts": {
func (p *rspamd) head(line []byte) error {
	var head struct {
		Pattern string          `json:"pattern"`
		Meta    json.RawMessage `json:"meta"`
	}
	if err := json.Unmarshal(append(bytes.Clone(line), "}}"...), &head); err != nil {
		return errors.New("not the head of a dump")
	}
	return p.key(head.Pattern, head.Meta)
}

func (p *rspamd) key(key string, value json.RawMessage) error {
	table := p.table
	if table == "" {
		table = "RS"
	}
	if key == table {
		return p.meta(value)
	}
	at := strings.LastIndexByte(key, '_')
	if at < 0 {
		p.d.Others++ // The hash of a user.
		return nil
	}
	id, err := strconv.ParseUint(key[at+1:], 10, 64)
	if err != nil || key[:at] != table {
		p.d.Others++
		return nil
	}
	fields, err := hash(value)
	if err != nil {
		return err
	}
	t := Token{ID: id}
	if t.Spam, err = count(fields["S"]); err == nil {
		t.Ham, err = count(fields["H"])
	}
	if err == nil && t.Spam+t.Ham > 0 {
		p.d.Tokens = append(p.d.Tokens, t)
	}
	return err
}

func (p *rspamd) meta(value json.RawMessage) error {
	fields, err := hash(value)
	if err != nil {
		return err
	}
	if v := fields["version"]; v != "" && v != "2" {
		return fmt.Errorf("a table of version %.10q, of which 2 can be read", v)
	}
	if p.d.Spam, err = count(fields["learns_spam"]); err == nil {
		p.d.Ham, err = count(fields["learns_ham"])
	}
	return err
}

// hash reads the fields of one of Redis's hashes. An empty table of Lua is an
// array.
func hash(value json.RawMessage) (map[string]string, error) {
	if string(value) == "[]" || string(value) == "{}" {
		return nil, nil
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, errors.New("not the fields of a key")
	}
	out := make(map[string]string, len(fields))
	for k, v := range fields {
		switch v := v.(type) {
		case string:
			out[k] = v
		case json.Number:
			out[k] = v.String()
		}
	}
	return out, nil
}

// count reads a count, which restoring a dump may have written as a float.
func count(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || n > maxCount || n < -maxCount {
		return 0, fmt.Errorf("%.40q is no count", s)
	}
	return max(0, int64(math.Round(n))), nil // Rspamd's unlearning may go below 0.
}
