package quarantine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/storage"
)

// copies is what one answer to GET /quarantine holds at most.
const copies = 200

// maxReply bounds what Remote reads of one answer.
const maxReply = 256 << 20

// Handler serves a Vault: what it gives away is sealed, but whoever can ask it
// can remove copies. It has no authentication.
//
//	GET /quarantine?before=N&n=N  JSON, an array of Heads
//	GET /quarantine/ID            the sealed Item as a line of JSON, then the sealed message
//	DELETE /quarantine/ID         204
//
// An unknown ID is 404, a store that fails 503.
func Handler(v Vault) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quarantine", func(w http.ResponseWriter, r *http.Request) {
		before, err := number(r, "before", 0)
		n, err2 := number(r, "n", page)
		if err = errors.Join(err, err2); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		heads, err := v.Heads(r.Context(), before, int(min(n, copies)))
		if failed(w, err) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(heads) // the client is gone
	})
	mux.HandleFunc("GET /quarantine/{id}", func(w http.ResponseWriter, r *http.Request) {
		head, message, err := v.Message(r.Context(), r.PathValue("id"))
		if failed(w, err) {
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if json.NewEncoder(w).Encode(head) == nil {
			_, _ = w.Write(message)
		}
	})
	mux.HandleFunc("DELETE /quarantine/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !failed(w, v.Delete(r.Context(), r.PathValue("id"))) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	return mux
}

func number(r *http.Request, name string, byDefault uint64) (uint64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return byDefault, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s is no number", name)
	}
	return n, nil
}

func failed(w http.ResponseWriter, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, storage.ErrNotFound):
		http.Error(w, "there is no such copy", http.StatusNotFound)
	default:
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
	}
	return true
}

type remote struct {
	base   string
	client *http.Client
}

// Remote returns the Vault that a program serves with Handler below base, such
// as "http://127.0.0.1:11334". A nil client is http.DefaultClient.
func Remote(base string, client *http.Client) Vault {
	if client == nil {
		client = http.DefaultClient
	}
	return remote{strings.TrimSuffix(base, "/") + "/quarantine", client}
}

// Heads implements Vault.
func (r remote) Heads(ctx context.Context, before uint64, n int) (heads []Head, err error) {
	data, err := r.do(ctx, http.MethodGet, fmt.Sprintf("?before=%d&n=%d", before, n))
	if err == nil {
		err = json.Unmarshal(data, &heads)
	}
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	return heads, nil
}

// Message implements Vault.
func (r remote) Message(ctx context.Context, id string) (head, message []byte, err error) {
	data, err := r.do(ctx, http.MethodGet, "/"+url.PathEscape(id))
	line, message, _ := bytes.Cut(data, []byte("\n"))
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("quarantine: copy %q: %w", id, err)
	}
	return head, message, nil
}

// Delete implements Vault.
func (r remote) Delete(ctx context.Context, id string) error {
	if _, err := r.do(ctx, http.MethodDelete, "/"+url.PathEscape(id)); err != nil {
		return fmt.Errorf("quarantine: copy %q: %w", id, err)
	}
	return nil
}

func (r remote) do(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxReply:
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxReply)
	case res.StatusCode == http.StatusNotFound:
		return nil, storage.ErrNotFound
	case res.StatusCode/100 != 2:
		return nil, fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(data[:min(len(data), maxText)])))
	}
	return data, nil
}
