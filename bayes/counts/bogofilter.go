package counts

import (
	"bytes"
	"errors"
)

// bogofilter reads a line of bogoutil -d: the token, its counts in spam and ham,
// and the day. Names that begin with a dot are about the list: .MSG_COUNT has how
// many messages were learned.
func (d *Dump) bogofilter(line []byte) error {
	f := bytes.Fields(line)
	if len(f) == 0 {
		return nil
	}
	if len(f) != 3 && len(f) != 4 {
		return errors.New("not a token with two counts and a day")
	}
	spam, err := number(f[1])
	if err != nil {
		return err
	}
	ham, err := number(f[2])
	if err != nil {
		return err
	}
	switch {
	case string(f[0]) == ".MSG_COUNT":
		d.Spam, d.Ham = spam, ham
	case f[0][0] != '.' && spam+ham > 0:
		d.Tokens = append(d.Tokens, Token{Word: string(f[0]), Spam: spam, Ham: ham})
	}
	return nil
}
