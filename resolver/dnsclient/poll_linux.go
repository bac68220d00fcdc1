package dnsclient

import (
	"errors"
	"syscall"

	"golang.org/x/net/ipv4"
)

// poll takes the datagrams that are there, without waiting.
func (s *socket) poll(ms []ipv4.Message) (int, error) {
	n, err := s.batch.ReadBatch(ms, syscall.MSG_DONTWAIT)
	if errors.Is(err, syscall.EAGAIN) {
		return 0, nil
	}
	return n, err
}
