package redis

import "context"

// Publish puts a message on a channel (PUBLISH); it is no part of storage.Store.
// The channel's name is taken as it is, without Options.Prefix. Whoever does not
// listen now never hears of it, and nobody need listen.
func (s *Store) Publish(ctx context.Context, channel string, message []byte) error {
	return s.do(ctx, &command{op: "Publish", key: channel, args: []any{"publish", channel, string(message)}})
}
