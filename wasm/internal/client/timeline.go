package client

// Timeline is the part of the overview that is drawn by time.
type Timeline struct{}
