package lists

import (
	"context"
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

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 10

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
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := t.request(ctx, key)
	if err != nil {
		return "", false, err
	}
	client := t.Client
	if client == nil {
		client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	}
	answer, err := client.Do(req)
	if err != nil {
		return "", false, fmt.Errorf("table: %w", err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return "", false, nil
	default:
		return "", false, &HTTPError{redact(t.URL), answer.StatusCode}
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return "", false, fmt.Errorf("table: %w", err)
	}
	return strings.TrimSpace(string(body)), true, nil
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
