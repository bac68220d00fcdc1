package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-smtp"
)

// submitTimeout bounds the hand-over of one message.
const submitTimeout = time.Minute

// errRefused is of messages and recipients that the relay will never take.
var errRefused = errors.New("the mail server refuses it for good")

// submit hands a message to the operator's mail server at HOST:PORT, for all
// recipients or for none. The sender "" is the null sender.
func submit(ctx context.Context, relay, from string, rcpts []string, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", relay)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client := smtp.NewClient(conn)
	host, _ := os.Hostname()
	if err := client.Hello(cmp.Or(host, "localhost")); err != nil {
		return err
	}
	if err := client.Mail(from, &smtp.MailOptions{UTF8: !ascii(from + strings.Join(rcpts, ""))}); err != nil {
		return err
	}
	if err := transfer(client, rcpts, message); err != nil {
		if reply, ok := errors.AsType[*smtp.SMTPError](err); ok && reply.Code/100 == 5 {
			return fmt.Errorf("%w: %s", errRefused, reply.Message)
		}
		return err
	}
	_ = client.Quit() // the message is taken
	return nil
}

// transfer does the part of the dialogue in which the relay may refuse
// recipients or the message for good.
func transfer(client *smtp.Client, rcpts []string, message []byte) error {
	for _, to := range rcpts {
		if err := client.Rcpt(to, nil); err != nil {
			return err
		}
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(message); err != nil {
		return err
	}
	return data.Close()
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
