package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/bayes/counts"
	"github.com/winnowmail/winnow/bayes/osb"
)

const (
	// keysAtOnce is how many keys a server is asked for in one trip.
	keysAtOnce = 1000
	// maxTokens bounds what is imported, as of a dump.
	maxTokens = counts.DefaultTokens
)

// isRedis reports whether a path of import names a server.
func isRedis(path string) bool {
	for _, scheme := range []string{"redis://", "rediss://", "unix://"} {
		if strings.HasPrefix(path, scheme) {
			return true
		}
	}
	return false
}

// readRspamdKeys reads what Rspamd 3.4 or later has learned, out of its keys: those
// of the table RS, in which the single users' are not. It changes nothing.
func readRspamdKeys(ctx context.Context, url string) (*counts.Dump, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	client := redis.NewClient(o)
	defer client.Close()
	d := &counts.Dump{Kind: counts.Rspamd}
	head, err := client.HMGet(ctx, osb.DefaultTable, "learns_spam", "learns_ham", "version").Result()
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	if d.Spam, err = counted(head[0]); err == nil {
		d.Ham, err = counted(head[1])
	}
	switch version, _ := head[2].(string); {
	case err != nil:
	case version != "" && version != "2":
		err = fmt.Errorf("a table of version %.10q, of which 2 can be read", version)
	case d.Spam == 0 && d.Ham == 0:
		err = fmt.Errorf("key %s does not say how many messages were learned", osb.DefaultTable)
	}
	if err == nil {
		err = readTokens(ctx, client, d)
	}
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return d, nil
}

func readTokens(ctx context.Context, client *redis.Client, d *counts.Dump) error {
	seen := map[uint64]bool{} // the server may name a key twice
	for cursor := uint64(0); ; {
		keys, next, err := client.Scan(ctx, cursor, osb.DefaultTable+"_*", keysAtOnce).Result()
		if err != nil {
			return err
		}
		pipe := client.Pipeline()
		var ids []uint64
		for _, key := range keys {
			id, err := strconv.ParseUint(strings.TrimPrefix(key, osb.DefaultTable+"_"), 10, 64)
			if err != nil {
				d.Others++
				continue
			}
			if seen[id] {
				continue
			}
			seen[id] = true
			ids = append(ids, id)
			pipe.HMGet(ctx, key, "S", "H")
		}
		if len(seen) > maxTokens {
			return fmt.Errorf("more than %d tokens", maxTokens)
		}
		if err := addTokens(ctx, pipe, ids, d); err != nil || next == 0 {
			return err
		}
		cursor = next
	}
}

// addTokens adds those whose counts were asked for.
func addTokens(ctx context.Context, pipe redis.Pipeliner, ids []uint64, d *counts.Dump) error {
	if len(ids) == 0 {
		return nil
	}
	replies, err := pipe.Exec(ctx)
	if err != nil {
		return err
	}
	for i, r := range replies {
		fields, ok := r.(*redis.SliceCmd)
		if !ok || len(fields.Val()) != 2 {
			return errors.New("the server's answer is cut short")
		}
		t := counts.Token{ID: ids[i]}
		if t.Spam, err = counted(fields.Val()[0]); err == nil {
			t.Ham, err = counted(fields.Val()[1])
		}
		if err != nil {
			return fmt.Errorf("token %d: %w", t.ID, err)
		}
		if t.Spam+t.Ham > 0 {
			d.Tokens = append(d.Tokens, t)
		}
	}
	return nil
}

// counted reads a count of Rspamd's, which may be missing and which unlearning may
// have brought below 0.
func counted(v any) (int64, error) {
	s, _ := v.(string)
	if s == "" {
		return 0, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f < 1<<40 && f > -(1<<40)) {
		return 0, fmt.Errorf("%.40q is no count", s)
	}
	return max(0, int64(f)), nil
}
