package lists

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Table is a list that is asked about keys rather than read: hashes in Redis,
// a program behind HTTP. It must be safe for concurrent use.
type Table interface {
	// Lookup returns the values of those of the keys that the table of that name
	// has. A Table that is only one table takes any name.
	Lookup(ctx context.Context, name string, keys []string) (map[string]string, error)
}

// An HTTPTable asks a server about each key: Rspamd's external map. Status 200
// means that it has the key, and the body is its value; 404 that it has not.
type HTTPTable struct {
	// URL is asked with the key in the query as "key".
	URL string
	// Header asks with the key in the header "key", Body with it as the body of a
	// POST, in place of the query. At most one of them is set.
	Header, Body bool
	// Timeout bounds a question; 0 means a second, as in Rspamd.
	Timeout time.Duration
	// Client asks; nil means one of its own for each question.
	Client *http.Client
}

// What is read of an answer: about a key, and about an object.
const (
	maxAnswer = 4 << 10
	maxObject = 256 << 10
)

// Lookup asks about the keys one after the other.
func (t *HTTPTable) Lookup(ctx context.Context, _ string, keys []string) (map[string]string, error) {
	found := map[string]string{}
	for _, key := range keys {
		value, ok, err := t.ask(ctx, key)
		if err != nil {
			return nil, err
		}
		if ok {
			found[key] = value
		}
	}
	return found, nil
}

func (t *HTTPTable) ask(ctx context.Context, key string) (value string, ok bool, err error) {
	body, ok, err := t.exchange(ctx, maxAnswer, func(ctx context.Context) (*http.Request, error) { return t.request(ctx, key) })
	return strings.TrimSpace(string(body)), ok, err
}

// Ask asks about an object whose values are strings and []string: in JSON as the body
// of a POST (Body), else each string by its key in the query or as a header. The
// answer has at most 256 KiB. ok is false where the server knows nothing of it: status
// 404, or 204.
func (t *HTTPTable) Ask(ctx context.Context, object map[string]any) (answer []byte, ok bool, err error) {
	return t.exchange(ctx, maxObject, func(ctx context.Context) (*http.Request, error) { return t.objectRequest(ctx, object) })
}

// exchange asks, and reads no more than so many bytes of the answer.
func (t *HTTPTable) exchange(ctx context.Context, most int64, request func(context.Context) (*http.Request, error)) (body []byte, ok bool, err error) {
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := request(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("table: %w", err)
	}
	client := t.Client
	if client == nil {
		client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	}
	answer, err := client.Do(req)
	if err != nil {
		return nil, false, fmt.Errorf("table: %w", err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusNoContent:
		return nil, false, nil
	default:
		return nil, false, &HTTPError{redact(t.URL), answer.StatusCode}
	}
	if body, err = io.ReadAll(io.LimitReader(answer.Body, most+1)); err != nil {
		return nil, false, fmt.Errorf("table: %w", err)
	}
	if int64(len(body)) > most {
		return nil, false, fmt.Errorf("table: the answer is longer than %d bytes", most)
	}
	return body, true, nil
}

func (t *HTTPTable) objectRequest(ctx context.Context, object map[string]any) (*http.Request, error) {
	if t.Body {
		body, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	}
	to, err := url.Parse(t.URL)
	if err != nil {
		return nil, err
	}
	query, fields := to.Query(), http.Header{}
	for key, value := range object {
		s, ok := value.(string)
		switch {
		case !ok: // as in Rspamd
		case t.Header && !strings.ContainsAny(key+s, "\r\n\x00"):
			fields.Set(key, s)
		case !t.Header:
			query.Set(key, s)
		}
	}
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err == nil {
		req.Header = fields
	}
	return req, err
}

func (t *HTTPTable) request(ctx context.Context, key string) (*http.Request, error) {
	switch {
	case t.Body:
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, strings.NewReader(key))
		if err == nil {
			req.Header.Set("Content-Type", "text/plain")
		}
		return req, err
	case t.Header:
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
		if err == nil && !strings.ContainsAny(key, "\r\n\x00") {
			req.Header.Set("key", key)
		}
		return req, err
	}
	return http.NewRequestWithContext(ctx, http.MethodGet, t.URL+"?key="+url.QueryEscape(key), nil)
}
