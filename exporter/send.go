package exporter

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"slices"
)

func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("it is no address of HTTP") // which may hold secrets
	}
	return u, nil
}

func hostPort(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

// http sends the payload by POST. The service has taken it with one of Rspamd's
// four statuses.
func (e *Exporter) http(ctx context.Context, r *Rule, p *Payload) error {
	body := p.Body
	if r.Gzip {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // into memory
		_ = w.Close()
		body = b.Bytes()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return bare(err)
	}
	for name, values := range p.Header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", or(p.Type, or(r.MIMEType, "text/plain")))
	if r.Gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	if r.User != "" || r.Password != "" {
		req.SetBasicAuth(r.User, r.Password)
	}
	resp, err := e.options.Client.Do(req)
	if err != nil {
		return bare(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can serve again
	if !slices.Contains([]int{200, 201, 202, 204}, resp.StatusCode) {
		return fmt.Errorf("%w: status %d", errStatus, resp.StatusCode)
	}
	return nil
}

// bare takes the address off an error of HTTP.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// dial connects to the rule's server until ctx ends.
func dial(ctx context.Context, r *Rule) (conn net.Conn, end func(), err error) {
	var d net.Dialer
	if conn, err = d.DialContext(ctx, "tcp", r.Server); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, func() { stop(); _ = conn.Close() }, nil
}

// tcp writes the payload to a connection of its own.
func (e *Exporter) tcp(ctx context.Context, r *Rule, p *Payload) error {
	conn, end, err := dial(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	_, err = conn.Write(p.Body)
	return err
}

// mail hands the payload to the rule's mail server, for all recipients or none.
func (e *Exporter) mail(ctx context.Context, r *Rule, p *Payload) error {
	conn, end, err := dial(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	host, _, _ := net.SplitHostPort(r.Server)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := c.Hello(or(r.Helo, "rspamd")); err != nil {
		return err
	}
	if err := c.Mail(r.MailFrom); err != nil {
		return err
	}
	rcpts := p.Rcpts
	if rcpts == nil {
		rcpts = r.MailTo
	}
	for _, to := range rcpts {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(p.Body); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the mail is taken
	return nil
}

func (e *Exporter) publish(ctx context.Context, r *Rule, p *Payload) error {
	return e.options.Publisher.Publish(ctx, r.Channel, p.Body)
}
