# SPDX-License-Identifier: Apache-2.0
# Messages read into a shape and the texts that a template may print of them. Part of template.pyx, whose names it uses.
# What a message may have is what prompt/conversation.py makes the same of as the shape says; all else has no shape.

# Conversations longer than that have no shape: what is kept for one is bounded.
cdef Py_ssize_t MAX_MESSAGES = 512
cdef Py_ssize_t MAX_CALLS = 64  # of a message
# What a template makes of contents that are plain strings; AS_IS: it gets the messages as they are.
cdef enum:
    AS_IS
    AS_TEXT
    AS_PARTS
cdef str ROLE = "role"
cdef str CONTENT = "content"
cdef str TYPE = "type"
cdef str TEXT = "text"
cdef str TOOL_CALLS = "tool_calls"
cdef str TOOL_CALL_ID = "tool_call_id"
cdef str REASONING = "reasoning"
cdef str REASONING_CONTENT = "reasoning_content"
cdef str ID = "id"
cdef str FUNCTION = "function"
cdef str NAME = "name"
cdef str ARGUMENTS = "arguments"
cdef str EMPTY = ""
# Texts of a letter, where it has not one.
cdef dict TEXTS = {"i": 3, "r": 2, "N": 0}
# Members that no template gets to see. Clients hand back what they were given: null.
cdef tuple UNSEEN = ("refusal", "annotations", "audio", "function_call")


cdef object member(dict message, str name):
    cdef PyObject* found = PyDict_GetItemWithError(message, name)
    return None if found is NULL else <object>found


cdef object counted(dict message, str name, Py_ssize_t* count):
    """The member, None if it is not there; counts those that are."""
    cdef PyObject* found = PyDict_GetItemWithError(message, name)
    if found is NULL:
        return None
    count[0] += 1
    return <object>found


cdef char letter_of(object role) noexcept:
    """The role's letter in a shape, or 0 for a role that has none."""
    cdef TextView view
    if not view_of(role, view) or view.width != 1:
        return 0
    if view.size == 4:
        if memcmp(view.data, "user", 4) == 0:
            return c"u"
        return c"t" if memcmp(view.data, "tool", 4) == 0 else 0
    if view.size == 6:
        return c"s" if memcmp(view.data, "system", 6) == 0 else 0
    return c"a" if view.size == 9 and memcmp(view.data, "assistant", 9) == 0 else 0


cdef object only_text(object content):
    """The text of a list of one text part; None for any other."""
    if type(content) is not list or len(<list>content) != 1:
        return None
    part = <object>PyList_GET_ITEM(content, 0)
    if type(part) is not dict or len(<dict>part) != 2:
        return None
    kind = member(<dict>part, TYPE)
    text = member(<dict>part, TEXT)
    return text if type(kind) is str and kind == TEXT and type(text) is str else None


cdef bint read_messages(list messages, int form, string& shape, list texts, vector[size_t]& arguments) except -1:
    """Fill a conversation's shape and its texts, and which of these are arguments. False: it has no shape."""
    cdef Py_ssize_t count = PyList_GET_SIZE(messages)
    cdef Py_ssize_t index
    cdef char letter
    if count == 0 or count > MAX_MESSAGES:
        return False
    for index in range(count):
        message = <object>PyList_GET_ITEM(messages, index)
        if type(message) is not dict:
            return False
        letter = letter_of(member(<dict>message, ROLE))
        if letter == 0:
            return False
        content = member(<dict>message, CONTENT)
        if len(<dict>message) == 2 and type(content) is str:
            texts.append(content)
            shape.push_back(letter - 32 if form == AS_PARTS and letter != c"t" else letter)
        elif form == AS_IS:
            content = only_text(content) if len(<dict>message) == 2 else None
            if content is None:
                return False
            texts.append(content)
            shape.push_back(letter - 32)
        elif not read_message(<dict>message, letter, form, shape, texts, arguments):
            return False
    return True


cdef bint read_message(dict message, char letter, int form, string& shape, list texts, vector[size_t]& arguments) except -1:
    """Add a request's own message that is more than a role and a string."""
    cdef Py_ssize_t count = 1  # the role
    cdef bint says = True
    calls = None
    content = counted(message, CONTENT, &count)
    if type(content) is list:
        content = only_text(content)
    elif content is None and letter == c"a":
        content = EMPTY
        says = form != AS_PARTS  # no part at all there, and an empty text otherwise
    if type(content) is not str:
        return False
    for name in UNSEEN:
        value = counted(message, name, &count)
        if value is not None and not (type(value) is list and not value):
            return False
    if letter == c"a":
        calls = counted(message, TOOL_CALLS, &count)
        if calls is not None and type(calls) is not list:
            return False
        reasoning = counted(message, REASONING, &count)
        deprecated = counted(message, REASONING_CONTENT, &count)
        if reasoning is None:
            reasoning = deprecated
        if reasoning is not None:
            if type(reasoning) is not str:
                return False
            shape.push_back(c"h")
            texts.append(reasoning)
    elif letter == c"t" and len(message) != count:
        call_id = counted(message, TOOL_CALL_ID, &count)
        if type(call_id) is not str:
            return False
        letter = c"r"
        texts.append(call_id)
    if len(message) != count:
        return False
    if not says:
        letter = c"n"
    else:
        texts.append(content)
    shape.push_back(letter - 32 if form == AS_PARTS and letter != c"t" and letter != c"r" else letter)
    return not calls or read_calls(<list>calls, shape, texts, arguments)


cdef bint read_calls(list calls, string& shape, list texts, vector[size_t]& arguments) except -1:
    if len(calls) > MAX_CALLS:
        return False
    for call in calls:
        if type(call) is not dict or len(<dict>call) != 3:
            return False
        kind, call_id = member(<dict>call, TYPE), member(<dict>call, ID)
        function = member(<dict>call, FUNCTION)
        if type(kind) is not str or kind != FUNCTION or type(function) is not dict or len(<dict>function) != 2:
            return False
        name, written = member(<dict>function, NAME), member(<dict>function, ARGUMENTS)
        if type(call_id) is not str or type(name) is not str or type(written) is not str:
            return False
        shape.push_back(c"i")
        texts.append(call_id)
        texts.append(name)
        arguments.push_back(<size_t>len(texts))
        texts.append(written)
    return True


def texts_of(str letter not None) -> int:
    return TEXTS.get(letter, 1)


cdef bint is_printed(str written) except -1:
    """Whether these arguments are what `tojson` prints of them. False: that is not found out here."""
    cdef TextView view
    cdef bytes encoded
    if view_of(written, view) and view.max_char < 128:
        return is_printed_object(string_view(<const char*>view.data, view.size))
    try:
        encoded = written.encode()
    except UnicodeEncodeError:
        return False
    return is_printed_object(string_view(PyBytes_AS_STRING(encoded), <size_t>PyBytes_GET_SIZE(encoded)))


cdef class ArgumentsPrinter:
    """What is printed of calls' arguments, by how they were written. An agent sends the same ones in each request."""

    cdef object printed       # a function; None: that is not for a recipe
    cdef dict known
    cdef Py_ssize_t size      # what they take, roughly
    cdef Py_ssize_t max_size

    def __init__(self, printed not None, Py_ssize_t max_size):
        self.printed, self.known, self.max_size = printed, {}, max_size

    def __len__(self):
        return len(self.known)

    cdef bint print_all(self, list texts, const vector[size_t]& arguments) except -1:
        """Put what is printed of arguments in place of what was written. False: there is one that is not."""
        cdef Py_ssize_t size
        cdef size_t n
        for n in range(arguments.size()):
            written = <object>PyList_GET_ITEM(texts, <Py_ssize_t>arguments[n])
            if is_printed(<str>written):
                continue
            try:
                text = self.known[written]
            except KeyError:
                text = self.printed(written)
                size = 2 * len(written) + 256
                if size <= self.max_size // 16:
                    if self.size + size > self.max_size:
                        self.known.clear()
                        self.size = 0
                    self.known[written] = text
                    self.size += size
            if text is None:
                return False
            texts[<Py_ssize_t>arguments[n]] = text
        return True
