package milterguard

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// Listen listens on "HOST:PORT", which may begin with "inet:", or on a socket
// "unix:PATH". A socket file gets the mode, unless that is 0, and the owner,
// "USER", "USER:GROUP" or ":GROUP" by names or numbers, unless that is "". A
// socket file that nobody listens on is replaced.
func Listen(address string, mode fs.FileMode, owner string) (net.Listener, error) {
	path, local := strings.CutPrefix(address, "unix:")
	if path == "" || address == "inet:" {
		return nil, fmt.Errorf("milter: %q is no address", address)
	}
	if !local {
		l, err := net.Listen("tcp", strings.TrimPrefix(address, "inet:"))
		if err != nil {
			return nil, fmt.Errorf("milter: %w", err)
		}
		return l, nil
	}
	uid, gid, err := ownerOf(owner)
	if err != nil {
		return nil, fmt.Errorf("milter: owner %q: %w", owner, err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("milter: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err == nil && mode != 0 {
		err = os.Chmod(path, mode)
	}
	if err == nil && owner != "" {
		err = os.Chown(path, uid, gid)
	}
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
		return nil, fmt.Errorf("milter: %w", err)
	}
	return l, nil
}

// removeStale removes a socket that a process left behind which was killed.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return nil // net.Listen says what is wrong
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		return errors.Join(fmt.Errorf("listen unix %s: somebody listens there", path), c.Close())
	}
	return os.Remove(path)
}

// ownerOf returns the ids of an owner, -1 for what it does not name.
func ownerOf(owner string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(owner, ":")
	uid, err = id(name, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return 0, 0, err
	}
	gid, err = id(group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	return uid, gid, err
}

func id(name string, lookup func(name string) (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 {
		return n, nil
	}
	found, err := lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(found)
}
