package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// become gives the rights of root up for those of a user, NAME or NAME:GROUP,
// both also as numbers; without a group it is the user's own. "" changes nothing.
// It comes before anything is opened, so that files and sockets are the user's.
func become(who string) error {
	if who == "" {
		return nil
	}
	uid, gid, groups, err := identity(who)
	if err != nil {
		return fmt.Errorf("-user: %w", err)
	}
	if os.Getuid() == uid && os.Getgid() == gid {
		return nil
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"setgroups", func() error { return syscall.Setgroups(groups) }},
		{"setgid", func() error { return syscall.Setgid(gid) }},
		{"setuid", func() error { return syscall.Setuid(uid) }},
	} {
		if err := step.do(); errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("-user %s: %w: only root can become another user, and that user needs no -user", who, err)
		} else if err != nil {
			return fmt.Errorf("-user %s: %s: %w", who, step.name, err)
		}
	}
	return nil
}

// identity looks up a user, a group and the user's further groups. Numbers need
// not be known to the system.
func identity(who string) (uid, gid int, groups []int, err error) {
	name, group, other := strings.Cut(who, ":")
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if _, bad := strconv.Atoi(name); err != nil && bad == nil {
		u, err = &user.User{Uid: name, Gid: name}, nil
	}
	if err != nil {
		return 0, 0, nil, fmt.Errorf("there is no user %q", name)
	}
	ids := []string{u.Uid, u.Gid}
	if other {
		ids[1] = group
		if g, err := user.LookupGroup(group); err == nil {
			ids[1] = g.Gid
		}
	}
	if u.Username != "" {
		further, err := u.GroupIds()
		if err != nil {
			return 0, 0, nil, err
		}
		ids = append(ids, further...)
	}
	for i, text := range ids {
		n, err := strconv.Atoi(text)
		if err != nil && i == 1 {
			return 0, 0, nil, fmt.Errorf("there is no group %q", text)
		} else if err != nil {
			return 0, 0, nil, err
		}
		groups = append(groups, n)
	}
	return groups[0], groups[1], groups[1:], nil
}
