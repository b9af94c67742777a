/* SPDX-License-Identifier: Apache-2.0 */
/* A network of its own, with nothing but the addresses that tests connect to. */
#ifndef KERNEL_TESTS_NETWORK_H
#define KERNEL_TESTS_NETWORK_H

#include "common.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static void add_address(const char *text)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg message;
		char attributes[64];
	} request = {};
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	int size = family == AF_INET6 ? 16 : 4;
	int channel = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct rtattr *attribute = (void *)request.attributes;
	char answer[512];

	request.header.nlmsg_type = RTM_NEWADDR;
	request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	request.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.message)) + RTA_LENGTH(size);
	request.message.ifa_family = family;
	request.message.ifa_prefixlen = size * 8;
	request.message.ifa_flags = IFA_F_NODAD;
	request.message.ifa_index = 1;
	attribute->rta_type = IFA_LOCAL;
	attribute->rta_len = RTA_LENGTH(size);
	inet_pton(family, text, RTA_DATA(attribute));
	if (send(channel, &request, request.header.nlmsg_len, 0) < 0 ||
	    recv(channel, answer, sizeof(answer), 0) < 0)
		fail("address");
	close(channel);
}

static void make_network(void)
{
	struct ifreq interface = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int channel;

	if (unshare(CLONE_NEWNET))
		fail("network namespace");
	channel = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(channel, SIOCSIFFLAGS, &interface))
		fail("lo");
	close(channel);
	add_address(METADATA);
	add_address("10.20.30.40");
	add_address("fd00:ec2::254");
}

#endif
