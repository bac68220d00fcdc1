package main

import (
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
)

// sockets are those that systemd opened for the program, by name.
type sockets map[string][]net.Listener

// passedSockets takes them over. Their names are FileDescriptorName of the
// socket units.
func passedSockets() (sockets, error) {
	all, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("sockets of systemd: %w", err)
	}
	s := sockets(all)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name != "milter" && name != "controller" || slices.Contains(all[name], nil) {
			s.close()
			return nil, fmt.Errorf("systemd passed a socket with FileDescriptorName=%s; want milter or controller, and streams", name)
		}
	}
	if n := len(all["controller"]); n > 1 {
		s.close()
		return nil, fmt.Errorf("systemd passed %d sockets controller, want one", n)
	}
	return s, nil
}

// controller gives the socket of the HTTP API: the one passed, else a new one.
func (s sockets) controller(address string) (net.Listener, error) {
	if passed := s["controller"]; len(passed) > 0 {
		delete(s, "controller")
		return passed[0], nil
	}
	return listen(address)
}

// milters gives the passed sockets of the milter, which belong to the caller then.
func (s sockets) milters() []net.Listener {
	passed := s["milter"]
	delete(s, "milter")
	return passed
}

// close closes what was not taken.
func (s sockets) close() {
	for _, list := range s {
		for _, l := range list {
			if l != nil {
				_ = l.Close() // nobody has used it
			}
		}
	}
}
