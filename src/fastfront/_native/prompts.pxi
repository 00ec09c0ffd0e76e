# SPDX-License-Identifier: Apache-2.0
# What a response has to know of its prompt, and how the request goes to the engine. Part of pump.pyx, whose names it uses.

from fastfront._native cimport prompt_parts


cdef int prime(
    core.PromptInfo& prompt,
    const shared_ptr[const CppVocab]& vocab,
    DetokenizerOptions options,
    list token_ids,
) except -1:
    cdef Py_ssize_t count = len(token_ids)
    cdef Py_ssize_t size = PROMPT_TAIL if count > PROMPT_TAIL else count
    cdef vector[uint32_t] tail
    cdef Py_ssize_t i
    while True:
        tail.clear()
        tail.reserve(size)
        for i in range(count - size, count):
            tail.push_back(<uint32_t>token_ids[i])
        if prompt.prime(vocab, options, core.token_span(tail.data(), tail.size()), size == count) or size == count:
            return 0
        size = min(size * 8, count)


cdef int prime_encoded(
    core.PromptInfo& prompt,
    const shared_ptr[const CppVocab]& vocab,
    DetokenizerOptions options,
    EncodedPrompt encoded,
) except -1:
    cdef vector[uint32_t]* tail = &encoded.encoded.tail
    cdef vector[uint32_t] ids
    cdef bint whole = tail.size() == encoded.encoded.count
    cdef bint placed = prompt.prime(vocab, options, core.token_span(tail.data(), tail.size()), whole)
    if not placed and not whole:
        ids = encoded.encoded.ids()
        placed = prompt.prime(vocab, options, core.token_span(ids.data(), ids.size()), True)
    return 0


cdef shared_ptr[core.DetailsOptions] details_options(int kind, details, Vocab vocab) except *:
    """What _native/details.py holds, for the core."""
    cdef shared_ptr[core.DetailsOptions] options = make_shared[core.DetailsOptions]()
    cdef shared_ptr[core.LogprobsOptions] logprobs = make_shared[core.LogprobsOptions]()
    cdef bint chat = kind == KIND_CHAT or kind == KIND_CHAT_STREAM
    cdef bint stream = kind == KIND_CHAT_STREAM or kind == KIND_COMPLETION_STREAM
    cdef vector[uint32_t] ids
    cdef string text
    if vocab is not None:
        deref(logprobs).vocab = vocab.ptr
    deref(logprobs).chat = chat or details.ranks
    deref(logprobs).ranks = details.ranks
    deref(logprobs).style = core.FloatStyle.pydantic if stream else core.FloatStyle.python
    deref(logprobs).as_token_ids = details.as_token_ids
    deref(logprobs).show_all = details.show_all
    deref(logprobs).shown = details.num_shown
    deref(logprobs).kept = details.num_kept
    deref(logprobs).prompt_kept = details.num_prompt_kept
    deref(options).logprobs = <shared_ptr[const core.LogprobsOptions]>logprobs
    deref(options).chat = chat
    deref(options).wants_logprobs = details.logprobs
    deref(options).wants_prompt_logprobs = details.prompt_logprobs
    deref(options).wants_token_ids = details.token_ids
    deref(options).wants_prompt_token_ids = details.prompt_token_ids
    deref(options).echoes_prompt = details.echo
    deref(options).echoes_only = details.echo_only
    deref(options).shows_cached_tokens = details.cached_tokens
    deref(options).shows_metrics = details.metrics
    deref(options).remote_cached_tokens = details.remote_cached_tokens
    deref(options).echo_text = utf8(details.echo_text)
    for echo_text in details.echo_texts:
        deref(options).echo_texts.push_back(utf8(echo_text))
    if details.prompt_text is not None:
        text = utf8(details.prompt_text)
        core.append_json_string(deref(options).prompt_text_json, string_view(text.data(), text.size()))
    for token_ids in details.prompts:
        ids = token_ids
        deref(options).prompt_token_ids.push_back(ids)
    for prompt_text in details.prompt_texts:
        deref(options).prompt_texts.push_back(utf8(prompt_text))
    return options


def encode_add_request(
    Response response not None,
    EncodedPrompt prompt not None,
    bytes sampling_params not None,
    str external_req_id not None,
    *,
    double arrival_time,
    int64_t client_index=0,
    int64_t current_wave=0,
    bytes reasoning=None,
) -> bytes:
    cdef prompt_parts.AddRequest request
    cdef vector[string_view] ids
    cdef string external_id = utf8(external_req_id)
    cdef PyObject* payload
    cdef char* begin
    request.wire_id = deref(response.ptr).wire_id(0)
    request.prompt_token_count = prompt.encoded.count
    prompt.encoded.view(ids)
    request.prompt_token_ids = prompt_parts.string_view_span(ids.data(), ids.size())
    request.sampling_params = string_view(PyBytes_AS_STRING(sampling_params), PyBytes_GET_SIZE(sampling_params))
    request.arrival_time = arrival_time
    request.client_index = client_index
    request.current_wave = current_wave
    request.external_req_id = string_view(external_id.data(), external_id.size())
    if reasoning is not None:
        request.reasoning = string_view(PyBytes_AS_STRING(reasoning), PyBytes_GET_SIZE(reasoning))
    # A bytes object that nobody has seen yet may be written to, and cut.
    payload = PyBytes_FromStringAndSize_(NULL, <Py_ssize_t>prompt_parts.max_size(request))
    if payload == NULL:
        raise MemoryError
    begin = PyBytes_AS_STRING(<object>payload)
    _PyBytes_Resize(&payload, prompt_parts.write(begin, request) - begin)
    encoded = <bytes>payload
    Py_DECREF(encoded)  # the reference that `payload` held
    return encoded
