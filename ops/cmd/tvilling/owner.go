package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// ownUser refuses to work on a data directory as another user than its node's: what was
// made so, the node could not open when it is started.
func ownUser(data string, uid int) error {
	for _, path := range []string{filepath.Join(data, "raft"), data} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(owner.Uid) == uid {
			return nil
		}
		if owner.Uid == 0 && path == data {
			return nil // a volume that root made, and lets others write: what is made in it is the maker's
		}
		name := nameOfUser(int(owner.Uid))
		return usage("%s is %s's, and this runs as %s: its node could not open what is made so. Nothing was done. Run it as that user: sudo -u %s tvilling …",
			path, name, nameOfUser(uid), name)
	}
	return nil
}

// nameOfUser is a user's name, or the number with which sudo finds one that has none.
func nameOfUser(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("'#%d'", uid)
}
