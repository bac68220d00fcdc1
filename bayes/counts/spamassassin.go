package counts

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// A spamAssassin reads sa-learn --backup, as of SpamAssassin 3 and 4: lines of
// fields between tabs, "v" for variables, "t" for tokens and "s" for messages that
// were seen. A token is the last five bytes of the SHA-1 of a word, in
// hexadecimal.
type spamAssassin struct {
	d     *Dump
	begun bool
}

func (s *spamAssassin) line(line []byte) error {
	f := bytes.Split(bytes.TrimRight(line, "\r"), []byte("\t"))
	if !s.begun {
		s.begun = true
		if len(f) < 3 || string(f[0]) != "v" || !bytes.HasPrefix(f[2], []byte("db_version")) {
			return errors.New("not the version of a database")
		}
		if v := string(f[1]); v != "3" {
			return fmt.Errorf("a database of version %.10q, of which 3 can be read", v)
		}
		return nil
	}
	switch string(f[0]) {
	case "v":
		return s.variable(f)
	case "t":
		return s.token(f)
	case "s", "":
		return nil
	}
	return errors.New("neither a variable nor a token nor a message")
}

func (s *spamAssassin) variable(f [][]byte) error {
	if len(f) < 3 {
		return errors.New("a variable without a name")
	}
	var n *int64
	switch string(f[2]) {
	case "num_spam":
		n = &s.d.Spam
	case "num_nonspam":
		n = &s.d.Ham
	default:
		return nil
	}
	var err error
	*n, err = number(f[1])
	return err
}

func (s *spamAssassin) token(f [][]byte) error {
	if len(f) != 5 {
		return errors.New("a token has five fields")
	}
	spam, err := number(f[1])
	if err != nil {
		return err
	}
	ham, err := number(f[2])
	if err != nil {
		return err
	}
	var id [8]byte
	if len(f[4]) != 10 {
		return fmt.Errorf("%.20q is no token", f[4])
	}
	if _, err := hex.Decode(id[3:], f[4]); err != nil {
		return fmt.Errorf("%.20q is no token", f[4])
	}
	if spam+ham > 0 {
		s.d.Tokens = append(s.d.Tokens, Token{ID: binary.BigEndian.Uint64(id[:]), Spam: spam, Ham: ham})
	}
	return nil
}
