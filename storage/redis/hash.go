package redis

import (
	"context"
)

// Lookup returns the values of those fields that a hash has: a lists.Table of what
// other programs keep in Redis, such as Rspamd's maps. The name is the key as it
// stands there, with nothing before it.
func (s *Store) Lookup(ctx context.Context, name string, fields []string) (map[string]string, error) {
	if err := checkKeys(name); err != nil {
		return nil, err
	}
	found := map[string]string{}
	if len(fields) == 0 {
		return found, ctx.Err()
	}
	args := make([]any, 2, len(fields)+2)
	args[0], args[1] = "hmget", name
	for _, f := range fields {
		args = append(args, f)
	}
	c := &command{op: "Lookup", key: name, args: args, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	for i, reply := range sliceOf(c.reply) {
		if reply != nil && i < len(fields) {
			found[fields[i]] = stringOf(reply)
		}
	}
	return found, nil
}
